/**
 * A deep copy of an object graph: what a replica hands to another one as its state, which both then change for themselves.
 *
 * Identity is kept (two references to one thing stay two references to one copy), class instances keep their prototype,
 * functions are shared.
 */

export function deepClone<T>(root: T): T {
  return copy(root, new Map()) as T;
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
