/**
 * A deep copy of a run's whole object graph: this is what makes a checkpoint, and so stepping back.
 *
 * Identity is kept (two references to one actor stay two references to one copy), class instances keep
 * their prototype, functions are shared. Therefore a class of the pure core keeps its state in ordinary
 * fields: `#private` ones cannot be copied from outside, and the architecture test forbids them there.
 */

/**
 * @param root the value to copy
 * @param shared objects that both copies go on sharing, such as the scenario or a sink
 */
export function deepClone<T>(root: T, shared: Iterable<object> = []): T {
  return countedClone(root, shared).clone;
}

/**
 * The same, with what it took.
 * @returns `objects`: how many there are in the copy, those that it shares included
 */
export function countedClone<T>(
  root: T,
  shared: Iterable<object> = [],
): { readonly clone: T; readonly objects: number } {
  const seen = new Map<object, object>();
  for (const object of shared) seen.set(object, object);
  const clone = copy(root, seen) as T;
  return { clone, objects: seen.size };
}

function copy(value: unknown, seen: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const done = seen.get(value);
  if (done) return done;
  if (Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) {
    const twin = (value as Int32Array).slice();
    seen.set(value, twin);
    return twin;
  }
  if (Array.isArray(value)) {
    const twin: unknown[] = new Array(value.length);
    seen.set(value, twin);
    for (let i = 0; i < value.length; i++) twin[i] = copy(value[i], seen);
    return twin;
  }
  if (value instanceof Map) {
    const twin = new Map<unknown, unknown>();
    seen.set(value, twin);
    for (const [k, v] of value) twin.set(copy(k, seen), copy(v, seen));
    return twin;
  }
  if (value instanceof Set) {
    const twin = new Set<unknown>();
    seen.set(value, twin);
    for (const v of value) twin.add(copy(v, seen));
    return twin;
  }
  const twin = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  seen.set(value, twin);
  for (const key of Object.keys(value)) twin[key] = copy((value as Record<string, unknown>)[key], seen);
  return twin;
}
