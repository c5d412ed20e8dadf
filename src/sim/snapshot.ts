/**
 * What a run's whole object graph was at one moment, and the way back there: this is what makes a checkpoint, and so
 * stepping back.
 *
 * Objects are not copied but remembered with what they held, and going back writes that into the same objects again. A copy
 * of an object that a constructor made is another kind of object to an engine: a run that went on with copies was slower by
 * two fifths from there on. What still holds what it held is not written, for the same reason.
 *
 * Therefore a class of the pure core keeps its state in ordinary fields: `#private` ones cannot be seen from outside, and
 * the architecture test forbids them there. Functions are shared.
 */

/** What one object held; an array of keys and values by turns of a map. */
type Contents = readonly unknown[] | Int32Array | Readonly<Record<string, unknown>>;

export class Snapshot {
  private readonly objects: object[] = [];
  private readonly contents: Contents[] = [];

  /**
   * Remembers what can be reached from an object. What is frozen is taken to be what it is, with all that is in it.
   * @param root where to begin
   * @param outside objects that are no part of the run, such as the scenario or a sink: they, and what only they hold, stay as
   *   they are
   */
  constructor(root: object, outside: Iterable<object> = []) {
    const seen = new Set<object>(outside);
    const found = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || seen.has(value) || Object.isFrozen(value)) return;
      seen.add(value);
      this.objects.push(value);
    };
    found(root);
    // The list grows while it is gone through: one level after the other, and so not deeper than a stack may be.
    for (let i = 0; i < this.objects.length; i++) {
      const contents = contentsOf(this.objects[i]!);
      this.contents.push(contents);
      if (ArrayBuffer.isView(contents)) continue;
      for (const value of Array.isArray(contents) ? contents : Object.values(contents)) found(value);
    }
  }

  /** How many objects it remembers. */
  get size(): number {
    return this.objects.length;
  }

  /** Makes every object what it was. It can be done again and again. */
  restore(): void {
    this.objects.forEach((object, i) => {
      const contents = this.contents[i]!;
      if (ArrayBuffer.isView(object)) (object as Int32Array).set(contents as Int32Array);
      else if (Array.isArray(object)) restoreArray(object, contents as readonly unknown[]);
      else if (object instanceof Map) restoreMap(object, contents as readonly unknown[]);
      else if (object instanceof Set) restoreSet(object, contents as readonly unknown[]);
      else restoreFields(object as Record<string, unknown>, contents as Record<string, unknown>);
    });
  }
}

function contentsOf(object: object): Contents {
  if (ArrayBuffer.isView(object)) return (object as Int32Array).slice();
  if (Array.isArray(object)) return object.slice() as readonly unknown[];
  if (object instanceof Map) {
    const contents: unknown[] = [];
    for (const [key, value] of object as Map<unknown, unknown>) contents.push(key, value);
    return contents;
  }
  if (object instanceof Set) return [...(object as Set<unknown>)];
  return { ...object };
}

function restoreArray(array: unknown[], contents: readonly unknown[]): void {
  if (array.length !== contents.length) array.length = contents.length;
  for (let i = 0; i < contents.length; i++) if (!Object.is(array[i], contents[i])) array[i] = contents[i];
}

function restoreMap(map: Map<unknown, unknown>, contents: readonly unknown[]): void {
  map.clear();
  for (let i = 0; i < contents.length; i += 2) map.set(contents[i], contents[i + 1]);
}

function restoreSet(set: Set<unknown>, contents: readonly unknown[]): void {
  set.clear();
  for (const value of contents) set.add(value);
}

function restoreFields(object: Record<string, unknown>, contents: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(object))
    if (!Object.hasOwn(contents, key)) Reflect.deleteProperty(object, key);
  for (const key of Object.keys(contents))
    if (!Object.hasOwn(object, key) || !Object.is(object[key], contents[key])) object[key] = contents[key];
}
