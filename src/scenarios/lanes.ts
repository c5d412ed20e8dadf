/**
 * What clients were promised to see, in its order: a lane for each thing whose order is promised. Two runs of a scenario in
 * which real time decides nothing have the same lanes, on the simulator and on a real broker.
 */
import type { EventBody } from '../sim/trace.ts';
import { asOf } from './real.ts';
import { lasting } from './recording.ts';
import { traceOf } from './run.ts';
import type { Scenario } from './schema.ts';

export type Lanes = Readonly<Record<string, readonly string[]>>;

/** Each lane with what one client saw of one thing; lanes by name. */
export function lanesOf({ clients }: Scenario, trace: readonly EventBody[]): Lanes {
  const lanes = new Map<string, string[]>();
  // By assign() it takes its partitions itself, and nobody tells it of them.
  const takes = clients.flatMap((client) => ('assign' in client && client.assign ? [client.id] : []));
  const add = (lane: string, text: string): void => {
    lanes.set(lane, [...(lanes.get(lane) ?? []), text]);
  };
  for (const event of trace) {
    switch (event.kind) {
      case 'publish-confirmed':
        add(`${event.client}: confirmed`, `${message(event)}${where(event)}`);
        break;
      case 'publish-failed':
        add(`${event.client}: failed`, `${message(event)}: ${lasting(event.error)}`);
        break;
      case 'returned':
        add(`${event.client}: returned`, message(event));
        break;
      case 'positioned':
        // A library tells nobody that it has gone back into the log, and where shows in what comes next.
        if (!event.outOfRange)
          add(`${event.client} reads ${event.place}`, `from ${event.position}, ${event.by}`);
        break;
      case 'delivered':
        add(
          `${event.client} reads ${event.place}`,
          `${message(event)}${where(event)}${event.redelivered ? ' again' : ''}`,
        );
        break;
      case 'processed':
        add(`${event.client} processes ${event.place}`, message(event));
        break;
      case 'settled':
        add(`${event.client} settles ${event.place}`, `${event.outcome} ${event.message ?? event.position}`);
        break;
      case 'assigned':
        // Nothing, before there is something, says only that its coordinator has yet to hear of a topic.
        if (!takes.includes(event.client) && event.places.length > 0)
          add(`${event.client}: partitions`, `+ ${[...event.places].sort().join(' ')}${inGeneration(event)}`);
        break;
      case 'revoked':
        if (!takes.includes(event.client))
          add(
            `${event.client}: partitions`,
            // Who has lost them is in no generation; Java’s client still tells the last that it was in.
            `${event.lost ? 'lost' : '-'} ${[...event.places].sort().join(' ')}${event.lost ? '' : inGeneration(event)}`,
          );
        break;
      case 'client-stopped':
        add(`${event.client}: life`, event.reason);
        break;
      case 'error':
        add(`${event.client}: errors`, `${event.code}: ${inAnyOrder(lasting(event.detail))}`);
        break;
      case 'printed':
        // Lines of a tool, but not those of its log, which begin with the time; rows of a table come as a hash map has them.
        for (const line of [...event.lines].sort())
          if (!line.startsWith('[')) add(`${event.client}: printed`, line.replace(/ +/g, ' ').trim());
    }
  }
  const names = [...lanes.keys()].sort();
  return Object.fromEntries(
    names.map((name) => {
      const lane = lanes.get(name)!;
      // Of several answers none is promised to be the first.
      return [name, /: (confirmed|failed|returned)$/.test(name) ? lane.sort() : lane];
    }),
  );
}

const message = (event: { readonly message: number }): string => `#${event.message}`;

/** Of the group, or in the consumer protocol the member’s epoch; who was expelled has none. */
function inGeneration({ generation }: { readonly generation: number }): string {
  return generation < 0 ? '' : ` in ${generation}`;
}

/** A client of Java’s that names several partitions walks a set of them. */
function inAnyOrder(detail: string): string {
  return detail.replace(/\[([^\]]*)\]/, (_, list: string) => `[${list.split(', ').sort().join(', ')}]`);
}

/** Of a log, where clients see positions: a queue has none. */
function where(event: { readonly place: string | null; readonly position: number | null }): string {
  return event.place === null || event.position === null ? '' : ` at ${event.place} ${event.position}`;
}

/** Lanes of two runs of one scenario that are not the same. */
export interface Parted {
  readonly simulated: Lanes;
  readonly real: Lanes;
}

/**
 * @param real what clients of a real broker saw
 * @param version of that broker
 * @returns lanes in which that run and the simulated one part, or null
 */
export function parted(scenario: Scenario, real: readonly EventBody[], version: string): Parted | null {
  const [ours, theirs] = [lanesOf(scenario, traceOf(asOf(scenario, version))), lanesOf(scenario, real)];
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(
    (name) => JSON.stringify(ours[name]) !== JSON.stringify(theirs[name]),
  );
  if (names.length === 0) return null;
  const only = (lanes: Lanes): Lanes => Object.fromEntries(names.map((name) => [name, lanes[name] ?? []]));
  return { simulated: only(ours), real: only(theirs) };
}

/** @returns a line for each lane in which they part */
export function partedLanes(...[scenario, real, version]: Parameters<typeof parted>): string[] {
  const found = parted(scenario, real, version);
  const text = (lane: readonly string[] | undefined): string => lane?.join(', ') || 'nothing';
  return Object.keys(found?.real ?? {}).map(
    (name) =>
      `${name}: on the simulator ${text(found?.simulated[name])}; on the real broker ${text(found?.real[name])}`,
  );
}
