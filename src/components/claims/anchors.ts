/** Which claims already have their place on the page that is being made, so that no id stands there twice. */
export const claimAnchors = new WeakMap<Request, Set<string>>();
