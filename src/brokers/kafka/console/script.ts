/**
 * A tool as a script: straight-line code that says what it wants to know of the cluster, and goes on with the answers.
 *
 * A script is a pure function of its words and of the answers so far. A checkpoint cannot hold a generator half way, so
 * none is kept: whoever runs a script keeps the answers and runs it again from its beginning for each new one.
 */
import type { ErrorCode, Reply, ReplyTo, Request } from '../protocol.ts';
import { defaultMessage, exceptionOf } from './errors.ts';
import { OptionError, parseOptions, usage, type Options, type Program } from './options.ts';

/** Whom a request is for. */
export type Target =
  | { readonly kind: 'any' }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'leader'; readonly place: string }
  | { readonly kind: 'coordinator'; readonly group: string };

export interface Ask {
  readonly to: Target;
  readonly request: Request;
  /** The admin client's name for it, as its errors say it. */
  readonly call: string;
}

export type Step =
  /** Makes an admin client; no answer but that it can be. */
  | { readonly do: 'connect'; readonly bootstrap: string; readonly timeoutMs: number }
  | { readonly do: 'ask'; readonly asks: readonly Ask[] };

/** What ended a step before its answer: a Java exception. */
export interface Failure {
  readonly exception: string;
  readonly message: string;
}
export type Answer = { readonly reply: Reply } | { readonly failure: Failure };

/** @yields what it wants to know. @returns the exit code */
export type Script = Generator<Step, number, readonly Answer[]>;
/** A part of a script. */
export type Part<T> = Generator<Step, T, readonly Answer[]>;

export interface Context {
  /** What stands after the program's name. */
  readonly words: readonly string[];
  /** The clock when it was started, milliseconds of the run. */
  readonly startedMs: number;
  /** What it prints; it only ever adds. */
  readonly out: string[];
}

/** A Java exception on its way up through a tool. */
export class JavaError extends Error {
  override name = 'JavaError';
  /** Its class with the package. */
  readonly exception: string;

  constructor(exception: string, message: string) {
    super(message);
    this.exception = exception;
  }

  /** As Java's `toString()`. */
  override toString(): string {
    return this.message === '' ? this.exception : `${this.exception}: ${this.message}`;
  }
}

export function illegalArgument(message: string): JavaError {
  return new JavaError('java.lang.IllegalArgumentException', message);
}

/** The error of a reply as the client's exception. @param detail what the broker says beside the code */
export function errorOf(code: ErrorCode, detail = ''): JavaError {
  return new JavaError(exceptionOf(code), detail === '' ? defaultMessage(code) : detail);
}

/** The end of a tool that has already said why (`printUsageAndExit`). */
export class Exit extends Error {
  override name = 'Exit';
  readonly code: number;

  constructor(code: number, lines: readonly string[]) {
    super(lines.join('\n'));
    this.code = code;
  }
}

/** What is wrong with the command line; the table of options is printed for `--help` only, so that this stays in view. */
export function usageError(message: string): Exit {
  return new Exit(1, [message]);
}

/**
 * Reads the options and does what `--help`, `--version` and an empty line ask for.
 * @throws OptionError, Exit
 */
export function optionsOf(program: Program, words: readonly string[]): Options {
  const options = parseOptions(program, words);
  if (words.length === 0) throw new Exit(1, [program.about, ...usage(program)]);
  if (options.has('help')) throw new Exit(0, [program.about, ...usage(program)]);
  if (options.has('version')) throw new Exit(0, [VERSION]);
  return options;
}

/** The release whose tools these are. */
const VERSION = '4.2.0';

/** @throws Exit for the first that is missing */
export function required(options: Options, ...names: readonly string[]): void {
  for (const name of names) if (!options.has(name)) throw usageError(`Missing required argument "[${name}]"`);
}

/** @throws Exit when an option stands beside one that excludes it */
export function exclusive(options: Options, used: string, others: readonly string[]): void {
  if (!options.has(used)) return;
  for (const other of others)
    if (options.has(other)) throw usageError(`Option "[${used}]" can't be used with option "[${other}]"`);
}

/**
 * Runs a script and turns its end into lines and an exit code.
 * @param uncaught what the tool makes of an exception that nothing in it caught: lines and exit code
 */
export function* guarded(
  { out }: Context,
  script: Script,
  uncaught: (error: JavaError | OptionError) => readonly [lines: readonly string[], exit: number],
): Script {
  try {
    return yield* script;
  } catch (error) {
    if (error instanceof Exit) {
      out.push(...error.message.split('\n'));
      return error.code;
    }
    if (!(error instanceof JavaError) && !(error instanceof OptionError)) throw error;
    const [lines, exit] = uncaught(error);
    out.push(...lines);
    return exit;
  }
}

/** What the JVM says of an exception that reaches its top. */
export function uncaughtInMain(error: JavaError | OptionError): readonly [readonly string[], number] {
  return [[`Exception in thread "main" ${error.exception}: ${error.message}`], 1];
}

/** Makes the admin client. @param timeoutMs how long each of its calls may take. @throws JavaError */
export function* connect(options: Options, timeoutMs: number): Part<void> {
  const bootstrap = options.value('bootstrap-server') ?? '';
  const [answer] = yield { do: 'connect', bootstrap, timeoutMs };
  if (answer && 'failure' in answer) throw new JavaError(answer.failure.exception, answer.failure.message);
}

/** Asks all at once, and waits for all. @throws JavaError for the first that failed */
export function* ask(asks: readonly Ask[]): Part<readonly Reply[]> {
  if (asks.length === 0) return [];
  const answers = yield { do: 'ask', asks };
  return answers.map((answer) => {
    if ('failure' in answer) throw new JavaError(answer.failure.exception, answer.failure.message);
    return answer.reply;
  });
}

/** Asks for one thing. @throws JavaError */
export function* askOne<Api extends Request['api']>(
  to: Target,
  call: string,
  request: Extract<Request, { api: Api }>,
): Part<ReplyTo<Api>> {
  const [reply] = yield* ask([{ to, request, call }]);
  return reply as ReplyTo<Api>;
}

export const ANY: Target = { kind: 'any' };
