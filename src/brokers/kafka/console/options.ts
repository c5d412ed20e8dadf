/**
 * Options as Kafka's tools read them (with the library jopt-simple): `--name value`, `--name=value`, unambiguous
 * beginnings of names, options that may come several times, options that others make available.
 */

/** What stands after an option, for completion. */
export type ValueKind =
  | 'topic'
  | 'topic-partitions'
  | 'group'
  | 'server'
  | 'topic-config'
  | 'topic-config-name'
  | 'reader-property'
  | 'formatter-property'
  | 'producer-property'
  | 'consumer-property'
  | { readonly oneOf: readonly string[] };

export interface OptionSpec {
  readonly name: string;
  /** Left out, it takes none. */
  readonly arg?: 'required' | 'optional';
  readonly type?: 'int' | 'long';
  readonly value?: ValueKind;
  /** It may be given only beside one of these. */
  readonly availableIf?: readonly string[];
  /** A name for what stands after it, in the help. */
  readonly label?: string;
  readonly about: string;
}

export interface Program {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionSpec[];
}

/** What the parser, or the conversion of a value, says against it. */
export class OptionError extends Error {
  override name = 'OptionError';
  /** The Java class, as an uncaught exception names it. */
  readonly exception: string;

  constructor(exception: string, message: string) {
    super(message);
    this.exception = `joptsimple.${exception}`;
  }
}

const LIMITS = { int: 2_147_483_647, long: Number.MAX_SAFE_INTEGER } as const;

/** A command line that has been read. */
export class Options {
  readonly program: Program;
  private readonly given = new Map<string, string[]>();
  /** Names in the order given, with repetitions. */
  readonly order: string[] = [];

  constructor(program: Program) {
    this.program = program;
  }

  add(name: string, value: string | null): void {
    const values = this.given.get(name) ?? [];
    if (value !== null) values.push(value);
    this.given.set(name, values);
    this.order.push(name);
  }

  has(name: string): boolean {
    return this.given.has(name);
  }

  values(name: string): readonly string[] {
    return this.given.get(name) ?? [];
  }

  /** @throws OptionError when it was given more than once */
  value(name: string): string | null {
    const values = this.values(name);
    if (values.length > 1) {
      throw new OptionError(
        'MultipleArgumentsForOptionException',
        `Found multiple arguments for option ${name}, but you asked for only one`,
      );
    }
    return values[0] ?? null;
  }

  /** @throws OptionError when it was given more than once, or is not an integer of the option's type */
  number(name: string): number | null {
    const text = this.value(name);
    if (text === null) return null;
    const type = this.program.options.find((option) => option.name === name)?.type ?? 'long';
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || (type === 'int' && Math.abs(value) > LIMITS.int)) {
      throw new OptionError(
        'OptionArgumentConversionException',
        `Cannot parse argument '${text}' of option ${name}`,
      );
    }
    return Math.max(-LIMITS.long, Math.min(value, LIMITS.long));
  }
}

/** Options that every tool has. */
export const COMMON: readonly OptionSpec[] = [
  { name: 'help', about: 'Print usage information.' },
  { name: 'version', about: 'Display Kafka version.' },
];

/** The option that a name, or the unambiguous beginning of one, stands for. */
export function optionNamed(program: Program, name: string): OptionSpec | undefined {
  const options = [...program.options, ...COMMON];
  const exact = options.find((option) => option.name === name);
  if (exact || name === '') return exact;
  const beginning = options.filter((option) => option.name.startsWith(name));
  return beginning.length === 1 ? beginning[0] : undefined;
}

/**
 * @param words what stands after the program's name
 * @throws OptionError
 */
export function parseOptions(program: Program, words: readonly string[]): Options {
  const options = new Options(program);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') break;
    if (!/^-./.test(word)) continue;
    const long = word.startsWith('--');
    const body = word.slice(long ? 2 : 1);
    const equals = body.indexOf('=');
    const key = equals < 0 ? body : body.slice(0, equals);
    const spec = optionNamed(program, key);
    // What begins with one hyphen and is no name is read as letters, of which no tool has any.
    if (!spec) throw unrecognised(long ? key : key.slice(0, 1));
    let value = equals < 0 ? null : body.slice(equals + 1);
    if (spec.arg === 'required' && value === null) {
      if (i + 1 >= words.length) {
        throw new OptionError(
          'OptionMissingRequiredArgumentException',
          `Option ${spec.name} requires an argument`,
        );
      }
      value = words[++i]!;
    } else if (spec.arg === 'optional' && value === null) {
      if (i + 1 < words.length && !/^-./.test(words[i + 1]!)) value = words[++i]!;
    } else if (spec.arg === undefined) value = null;
    options.add(spec.name, value);
  }
  const unavailable = program.options.filter(
    ({ name, availableIf }) => availableIf && options.has(name) && !availableIf.some((o) => options.has(o)),
  );
  if (unavailable.length > 0 && !options.has('help')) {
    throw new OptionError(
      'UnavailableOptionException',
      `Option(s) [${unavailable.map(({ name }) => name).join(', ')}] are unavailable given other options on the command line`,
    );
  }
  return options;
}

function unrecognised(name: string): OptionError {
  return new OptionError('UnrecognizedOptionException', `${name} is not a recognized option`);
}

const LEFT = 40;
const WIDTH = 79;

/** The table of a program's options, in two columns. */
export function usage(program: Program): string[] {
  const all = [...program.options, ...COMMON].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = all.map((option) => {
    const label = option.label ?? (option.type ? capital(option.type) : 'String');
    const left =
      option.arg === 'required'
        ? `--${option.name} <${label}>`
        : option.arg === 'optional'
          ? `--${option.name} [${label}]`
          : `--${option.name}`;
    return [left, option.about] as const;
  });
  const lines = [`${'Option'.padEnd(LEFT)} Description`, `${'------'.padEnd(LEFT)} -----------`];
  for (const [left, about] of rows) {
    const lefts = wrapped(left, LEFT);
    const rights = wrapped(about, WIDTH - LEFT - 1);
    for (let i = 0; i < Math.max(lefts.length, rights.length); i++)
      lines.push(`${(lefts[i] ?? '').padEnd(LEFT)} ${rights[i] ?? ''}`.trimEnd());
  }
  return lines;
}

function capital(text: string): string {
  return text === 'int' ? 'Integer' : text.slice(0, 1).toUpperCase() + text.slice(1);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line += line === '' ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}
