/** What `cano schedules` and `cano runs` have in common: flags, inputs, tables, exit codes. */
import { Client, ServerError } from './client.ts';
import type { Io } from './io.ts';
import { EXIT, suggestion, usageError } from './usage.ts';
import { isOn, readWords, type Words } from './words.ts';

interface Flag {
  readonly value: string | undefined;
  readonly help: string;
}

/** The flags of both; `value` stands for a value in the help. */
export const REMOTE_FLAGS: Readonly<Record<string, Flag>> = {
  url: { value: 'URL', help: 'the server (default CANO_URL, else the one that runs here, else http://127.0.0.1:9464)' },
  token: { value: 'TOKEN', help: 'its token (default CANO_TOKEN)' },
  json: { value: undefined, help: 'the answer of the server as JSON' },
};

export interface Remote {
  readonly client: Client;
  readonly words: Words;
  /** Prints the answer as JSON, or what `show` makes of it. */
  readonly print: (answer: unknown, show: () => readonly string[]) => void;
}

/** What a subcommand does. */
export interface Verb {
  /** What stands after it, such as 'ID'. */
  readonly takes: string | undefined;
  readonly help: string;
  readonly flags?: Readonly<Record<string, Flag>>;
  /** Flags that may be given more than once. */
  readonly lists?: readonly string[];
  act(remote: Remote, what: string): Promise<void>;
}

/**
 * Does what the words after `cano NOUN` say.
 *
 * @returns the exit code: 1 when the server said no or did not answer
 * @throws CanoError `CANO_USAGE`
 */
export async function executeRemote(
  noun: string,
  verbs: Readonly<Record<string, Verb>>,
  rest: readonly string[],
  io: Io,
): Promise<number> {
  const [first, ...others] = rest;
  const isVerb = first !== undefined && !first.startsWith('-');
  const name = isVerb ? first : 'list';
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) {
    const names = Object.keys(verbs);
    throw usageError(
      `unknown command 'cano ${noun} ${name}'`,
      suggestion(name, names) ?? `there are ${names.join(', ')}`,
    );
  }
  const flags = { ...verb.flags, ...REMOTE_FLAGS };
  const words = readWords(isVerb ? others : rest, {
    takesValue: new Map(Object.entries(flags).map(([flag, { value }]) => [flag, value !== undefined])),
    lists: verb.lists ?? [],
    positionals: verb.takes === undefined ? 0 : 1,
    helpAt: `cano ${noun} --help`,
  });
  const [what = ''] = words.positionals;
  if (verb.takes !== undefined && what === '') {
    throw usageError(`${verb.takes} is missing`, `write cano ${noun} ${name} ${verb.takes}; cano ${noun} lists them`);
  }
  const asJson = isOn('json', words.flags.get('json'));
  const text = (flag: string): string | undefined => words.flags.get(flag) as string | undefined;
  const client = new Client({ url: text('url'), token: text('token') }, io.env);
  try {
    await verb.act(
      {
        client,
        words,
        print: (answer, show) => io.out.write(`${asJson ? JSON.stringify(answer, null, 2) : show().join('\n')}\n`),
      },
      what,
    );
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    io.err.write(`cano: ${error.message}\n`);
    return EXIT.failed;
  }
}

interface InputInfo {
  readonly name: string;
  readonly type: string;
}

/**
 * The inputs that `--input name=value` flags give, by the types that the server declares.
 *
 * @returns undefined when none are given
 */
export async function inputsOf(
  { client, words }: Remote,
  workflow: () => Promise<string>,
): Promise<object | undefined> {
  const given = words.lists.get('input');
  if (given === undefined) return undefined;
  const { workflows } = (await client.get('/api/workflows')) as {
    readonly workflows: readonly { readonly id: string; readonly inputs: readonly InputInfo[] }[];
  };
  const name = await workflow();
  const declared = workflows.find(({ id }) => id === name)?.inputs ?? [];
  return Object.fromEntries(
    given.map((pair) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (key === undefined || value === undefined) throw usageError(`--input must be name=value, got '${pair}'`);
      return [key, typed(value, declared.find((input) => input.name === key)?.type)];
    }),
  );
}

// What does not read as its type goes as it is: the server says what is wrong with it.
function typed(value: string, type: string | undefined): unknown {
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  if (type !== 'integer' && type !== 'number') return value;
  return value.trim() === '' || Number.isNaN(Number(value)) ? value : Number(value);
}

/** Columns as wide as what is in them. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_title, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join('  ')
      .trimEnd(),
  );
}

/** A time as people say it: `in 3m`, `12s ago`. */
export function relative(iso: string | undefined, now: number = Date.now()): string {
  if (iso === undefined) return '-';
  const seconds = Math.round((Date.parse(iso) - now) / 1_000);
  const size = Math.abs(seconds);
  const text =
    size < 90
      ? `${size}s`
      : size < 5_400
        ? `${Math.round(size / 60)}m`
        : size < 129_600
          ? `${Math.round(size / 3_600)}h`
          : `${Math.round(size / 86_400)}d`;
  if (size === 0) return 'now';
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}
