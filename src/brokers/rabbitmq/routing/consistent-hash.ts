/**
 * The ring of a consistent-hash exchange: who has how many buckets, in the order of being bound; and which bucket
 * a message falls into.
 */
import type { BindingSettings, FieldValue, Table, Version } from '../config.ts';
import { fieldType } from '../definitions/terms.ts';
import { Exs1024, phash2, phash2OfText, type Term } from './erlang-hash.ts';
import { own } from './explain-headers.ts';

/** A destination's consecutive buckets, and the binding that brought them. */
export interface RingPart {
  readonly binding: BindingSettings;
  readonly weight: number;
}
export type Ring = readonly RingPart[];

/** A binding's buckets come after all others; where its destination has some already, it adds none. */
export function addToRing(ring: Ring, binding: BindingSettings): Ring {
  if (ring.some((part) => leadsTo(part, binding))) return ring;
  return [...ring, { binding, weight: Number(binding.routingKey) }];
}

/** The buckets of its destination go, whichever of the destination's bindings goes; later ones move down. */
export function removeFromRing(ring: Ring, binding: BindingSettings): Ring {
  return ring.filter((part) => !leadsTo(part, binding));
}

function leadsTo({ binding }: RingPart, other: BindingSettings): boolean {
  return binding.destination === other.destination && binding.destinationType === other.destinationType;
}

/** Properties of a message that an exchange may hash instead of its key. */
export interface HashProperties {
  readonly message_id?: string;
  readonly correlation_id?: string;
  readonly timestamp?: string;
}

/** What an exchange hashes, by its arguments `hash-header` and `hash-property`. */
export type HashSource =
  | { readonly by: 'routing-key' }
  | { readonly by: 'header'; readonly name: string }
  | { readonly by: 'property'; readonly name: keyof HashProperties };

export function hashSource(exchangeArguments: Table): HashSource {
  const header = own(exchangeArguments, 'hash-header');
  if (typeof header === 'string') return { by: 'header', name: header };
  const property = own(exchangeArguments, 'hash-property');
  if (typeof property === 'string') return { by: 'property', name: property as keyof HashProperties };
  return { by: 'routing-key' };
}

/** The number that a text seeds the ring's generator with. */
export const hashOfText = phash2OfText;

/**
 * The same of a header; a missing one hashes too. 3.10 hashes the value with its type; since 4.0 the value alone counts,
 * and a whole number is not hashed at all.
 */
export function hashOfHeader(value: FieldValue | undefined, version: Version): number {
  const term = termOf(value);
  if (value === undefined || (typeof value === 'object' && value !== null)) return phash2(term);
  if (version === '3.10') return phash2({ is: 'field', type: fieldType(value), value: term });
  return term.is === 'number' && Number.isInteger(term.value) ? term.value : phash2(term);
}

/** Void, and what a message does not have, is the atom `undefined`; so is here what no client hashes: arrays, tables. */
function termOf(value: FieldValue | undefined): Term {
  if (typeof value === 'string') return { is: 'binary', text: value };
  if (typeof value === 'number') return { is: 'number', value };
  return { is: 'atom', name: typeof value === 'boolean' ? String(value) : 'undefined' };
}

/**
 * Lamping and Veach's jump consistent hash, with Erlang's generator.
 * @param hash from {@link hashOfText} or {@link hashOfHeader}
 * @param buckets at least 1
 */
export function bucketOf(hash: number, buckets: number): number {
  if (buckets === 1) return 0;
  const random = new Exs1024(hash);
  let bucket = -1;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    next = Math.trunc((bucket + 1) / random.uniform());
  }
  return bucket;
}

/** The part of the ring that a hash falls into; undefined where nothing is bound. */
export function partOf(ring: Ring, hash: number): RingPart | undefined {
  let buckets = 0;
  for (const { weight } of ring) buckets += weight;
  if (buckets === 0) return undefined;
  let left = bucketOf(hash, buckets);
  return ring.find(({ weight }) => (left -= weight) < 0);
}
