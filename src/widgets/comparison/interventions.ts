/** What the reader may do to both brokers at once: the same thing to each, in its own words. Pure. */
import type { About, Frame } from '../../client/client.ts';
import type { Action, ClientOf } from '../../scenarios/schema.ts';
import { displayName } from '../../sim/names.ts';
import { commonWords } from '../experiment/words.ts';
import type { BesidePoster, Both, Side } from './poster.ts';

export interface Press {
  readonly id: string;
  readonly label: string;
  readonly fault: boolean;
  /** Why it cannot be done now; null when it can. */
  readonly refused: string | null;
  make(this: void, side: Side, about: About): Action | null;
}

/** The audience that the reader may add: it comes late and asks for everything. */
export const LATE = 'audit';
const LATE_CLIENT = `${LATE}-1`;

/**
 * @param frames of the moment shown
 * @param actions what the reader has done to both
 */
export function interventions(
  { consumers }: BesidePoster,
  frames: Both<Frame>,
  actions: readonly Action[],
): Press[] {
  const joined = actions.some(({ do: what }) => what === 'join');
  const crashes = [...consumers, ...(joined ? [LATE_CLIENT] : [])].flatMap((id): Press[] => {
    const state = stateOf(frames.queue, id);
    if (state !== 'running' && state !== 'crashed') return [];
    const isDown = state === 'crashed';
    return [
      {
        id: `${isDown ? 'restart' : 'crash'}-${id}`,
        label: `${isDown ? 'Restart' : 'Crash'} ${displayName(id)}`,
        fault: !isDown,
        refused: null,
        make: () => ({ do: isDown ? 'restart' : 'crash', target: id }),
      },
    ];
  });
  return [
    ...crashes,
    {
      id: 'late',
      label: 'A new audience asks for everything',
      fault: false,
      refused: joined ? 'it has come already' : null,
      make: (side, about) => lateClient(side, about),
    },
  ];
}

/** Sends a message of the first producer. @param key null for none */
export function sending({ producers }: BesidePoster, key: string | null): Press['make'] {
  const client = producers[0] ?? '';
  return (side) => ({ do: side === 'queue' ? 'publish' : 'produce', client, key, count: 1 });
}

/**
 * What the reader did, in words that are true of both.
 * @param nameOf how a process is called on the stage, by its id
 */
export function actionWords(action: Action, nameOf: (id: string) => string): string {
  switch (action.do) {
    case 'publish':
    case 'produce':
      return `send a message${action.key ? ` with key ${action.key}` : ''}`;
    case 'join':
      return `${nameOf(action.client.id)} comes and asks for everything`;
    case 'crash':
    case 'restart':
      return `${action.do} ${nameOf(action.target)}`;
    default:
      return commonWords(action as Parameters<typeof commonWords>[0], nameOf);
  }
}

/** The state of a consumer on RabbitMQ; it is the same on the other side, since both are done the same to. */
function stateOf(frame: Frame, id: string): string | undefined {
  return 'consumers' in frame.view ? frame.view.consumers.find((each) => each.id === id)?.state : undefined;
}

/** One more of the consumers that are there, for an audience of its own, as the rules of carrying have it. */
function lateClient(side: Side, { clients }: About): Action | null {
  if (side === 'stream') {
    const model = clients.find(
      (client): client is Extract<ClientOf<'kafka'>, { role: 'consumer' | 'share-consumer' }> =>
        'group' in client && (client.role === 'consumer' || client.role === 'share-consumer'),
    );
    if (!model) return null;
    const client = { ...model, id: LATE_CLIENT, group: LATE, startMs: 0 };
    return {
      do: 'join',
      client:
        client.role === 'consumer'
          ? { ...client, config: { ...client.config, 'auto.offset.reset': 'earliest' } }
          : client,
    };
  }
  const model = clients.find(
    (client): client is Extract<ClientOf<'rabbitmq'>, { role: 'consumer' }> =>
      client.role === 'consumer' && 'queues' in client,
  );
  if (!model) return null;
  const isStream = 'x-stream-offset' in model.arguments;
  return {
    do: 'join',
    client: {
      ...model,
      id: LATE_CLIENT,
      startMs: 0,
      ...(isStream
        ? { queues: streamsOf(clients), arguments: { 'x-stream-offset': 'first' } }
        : { queues: [LATE], declares: ownQueue(model) }),
    },
  };
}

/** Every stream that somebody reads: no other role of a client reads queues. */
function streamsOf(clients: About['clients']): string[] {
  return [...new Set(clients.flatMap((client) => ('queues' in client ? client.queues : [])))];
}

function ownQueue({ node }: { readonly node: number }) {
  return {
    exchanges: [],
    queues: [{ name: LATE, durable: true, autoDelete: false, exclusive: false, arguments: {}, node }],
    bindings: [
      {
        source: 'messages',
        destination: LATE,
        destinationType: 'queue' as const,
        routingKey: '',
        arguments: {},
      },
    ],
  };
}
