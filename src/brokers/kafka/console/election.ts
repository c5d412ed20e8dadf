/** `kafka-leader-election.sh`: gives leadership back to preferred replicas, or elects uncleanly (K-60, K-61, K-64). */
import type { ErrorCode } from '../protocol.ts';
import { allTopics } from './admin.ts';
import { TIMEOUT_EXCEPTION } from './errors.ts';
import { ELECTION } from './programs.ts';
import {
  ANY,
  askOne,
  connect,
  errorOf,
  guarded,
  JavaError,
  optionsOf,
  type Context,
  type Script,
} from './script.ts';
import { OptionError } from './options.ts';

const TIMEOUT_MS = 30_000;

function failed(message: string): JavaError {
  return new JavaError('org.apache.kafka.server.common.AdminCommandFailedException', message);
}

export function leaderElection(context: Context): Script {
  return guarded(context, main(context), (error) => [[error.message], 1]);
}

function* main(context: Context): Script {
  const { out } = context;
  const options = optionsOf(ELECTION, context.words);
  const missing = ['bootstrap-server', 'election-type'].filter((name) => !options.has(name));
  if (missing.length > 0) throw failed(`Missing required option(s): ${missing.join(', ')}`);
  if (['topic', 'all-topic-partitions'].filter((name) => options.has(name)).length !== 1) {
    throw failed(
      'One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file',
    );
  }
  if (options.has('topic') && !options.has('partition'))
    throw failed('Missing required option(s): partition');
  if (!options.has('topic') && options.has('partition'))
    throw failed('Option partition is only allowed if topic is used');
  const type = options.value('election-type')!.toUpperCase();
  if (type !== 'PREFERRED' && type !== 'UNCLEAN') {
    throw new OptionError(
      'OptionArgumentConversionException',
      `Cannot parse argument '${options.value('election-type')}' of option election-type`,
    );
  }
  const election = type === 'PREFERRED' ? 'preferred' : 'unclean';
  const one = options.has('topic') ? `${options.value('topic')}-${options.number('partition')}` : null;
  yield* connect(options, TIMEOUT_MS);
  const results: { readonly place: string; readonly error: ErrorCode; readonly detail: string }[] = [];
  try {
    const eligible = one === null ? yield* eligiblePlaces(election) : [one];
    if (eligible.length > 0) {
      const reply = yield* askOne<'ElectLeaders'>(ANY, 'electLeaders', {
        api: 'ElectLeaders',
        election,
        places: eligible,
      });
      results.push(...reply.results);
    }
  } catch (error) {
    if (!(error instanceof JavaError) || error.exception !== TIMEOUT_EXCEPTION) throw error;
    out.push('Timeout waiting for election results');
    throw failed('Timeout waiting for election results');
  }
  const places = (error: (code: ErrorCode) => boolean): string[] =>
    results.filter((result) => error(result.error)).map(({ place }) => place);
  const succeeded = places((code) => code === 'NONE');
  // Asked about all partitions, the controller leaves out those that need no election.
  const noop = one === null ? [] : places((code) => code === 'ELECTION_NOT_NEEDED');
  const wrong = results.filter(({ error }) => error !== 'NONE' && error !== 'ELECTION_NOT_NEEDED');
  if (succeeded.length > 0)
    out.push(`Successfully completed leader election (${type}) for partitions ${succeeded.join(', ')}`);
  if (noop.length > 0) out.push(`Valid replica already elected for partitions ${noop.join(', ')}`);
  for (const { place, error, detail } of wrong) {
    out.push(
      `Error completing leader election (${type}) for partition: ${place}: ${String(errorOf(error, detail))}`,
    );
  }
  if (wrong.length > 0) throw failed(`${wrong.length} replica(s) could not be elected`);
  return 0;
}

/** What an election of all partitions is about: those not led by their preferred replica, or by nobody. */
function* eligiblePlaces(election: 'preferred' | 'unclean') {
  const topics = yield* allTopics(true, 'electLeaders');
  return topics.flatMap(({ partitions }) =>
    partitions
      .filter(({ leader, replicas }) => (election === 'preferred' ? leader !== replicas[0] : leader === null))
      .map(({ place }) => place),
  );
}
