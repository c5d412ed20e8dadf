/** What is filled in to act on a Kafka run: a record to send, a place to read from. Pure. */
import type { ActionOf } from '../../../scenarios/schema.ts';
import { chosen, type Button, type Form } from '../controls.ts';
import { seekProblem, seekTo, type KafkaControls, type Seeker, type SeekKind } from './controls.ts';
import { keyLook } from './look.ts';

function button(id: string, label: string, more: Partial<Button>): Button {
  return { id, label, words: label, fault: false, refused: null, action: null, ...more };
}

/** Sends one record: from whom, with which key; or a tombstone for that key. */
export function sendForm({ produce, sends, tombstones }: KafkaControls): Form {
  const producers = produce.map((one) => ({ ...one, value: one.client }));
  return {
    id: 'send',
    fill: (typed) => {
      const producer = chosen(producers, typed['from']);
      if (!producer) return { fields: [], buttons: [], problem: null };
      const { client, keyless } = producer;
      const options = [
        ...producer.keys.map((key) => ({ value: key, label: `key ${key}` })),
        ...(keyless ? [{ value: '', label: 'no key' }] : []),
      ];
      const key = chosen(options, typed['key'])?.value ?? '';
      const action = (more: { value?: null }): ActionOf<'kafka'> => ({
        do: 'produce',
        client,
        key: key === '' ? null : key,
        count: 1,
        ...more,
      });
      return {
        fields: [
          ...(producers.length > 1
            ? [{ kind: 'select', id: 'from', label: 'Producer', value: client, options: producers } as const]
            : []),
          {
            kind: 'select',
            id: 'key',
            label: 'Key',
            value: key,
            options,
            colour: keyLook(key === '' ? null : key).colour,
          },
        ],
        buttons: [
          ...(sends ? [button('send', 'Send', { action: action({}) })] : []),
          ...(tombstones
            ? [
                button('send-tombstone', 'Send tombstone', {
                  words: `Send tombstone: a null value for key ${key}`,
                  refused: key === '' ? 'without a key there is nothing to delete' : null,
                  action: action({ value: null }),
                }),
              ]
            : []),
        ],
        problem: null,
      };
    },
  };
}

const SEEKS: readonly { readonly value: SeekKind; readonly label: string }[] = [
  { value: 'beginning', label: 'to the beginning' },
  { value: 'end', label: 'to the end' },
  { value: 'offset', label: 'to offset' },
  { value: 'time', label: 'to a time, s' },
];

/** Sends a consumer to another place in all of its partitions. @param now the moment shown, microseconds */
export function seekForm(seekers: readonly Seeker[], now: number): Form {
  const consumers = seekers.map(({ client, label }) => ({ value: client, label }));
  return {
    id: 'seek',
    fill: (typed) => {
      const client = chosen(consumers, typed['who'])?.value;
      const kind = chosen(SEEKS, typed['to'])?.value;
      if (client === undefined || kind === undefined) return { fields: [], buttons: [], problem: null };
      const number = typed['number'] ?? '0';
      const problem = seekProblem(kind, number, now);
      return {
        fields: [
          { kind: 'select', id: 'who', label: 'Consumer that seeks', value: client, options: consumers },
          { kind: 'select', id: 'to', label: 'Where to', value: kind, options: SEEKS },
          ...(kind === 'offset' || kind === 'time'
            ? [
                {
                  kind: 'text',
                  id: 'number',
                  label: kind === 'offset' ? 'Offset' : 'Time of the run, seconds',
                  value: number,
                  inputMode: kind === 'offset' ? 'numeric' : 'decimal',
                  invalid: problem !== null,
                  size: 'short',
                } as const,
              ]
            : []),
        ],
        buttons: [
          button('seek', 'Seek', {
            refused: problem,
            action: problem === null ? { do: 'seek', client, to: seekTo(kind, number) } : null,
          }),
        ],
        problem,
      };
    },
  };
}
