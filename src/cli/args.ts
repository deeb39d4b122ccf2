/**
 * Reads the command line, in two steps: the command and its file first, because the flags of `run` depend on the inputs
 * that the file declares. Pure.
 */
import { parseArgs } from 'node:util';
import { REPORTERS, type ReporterName } from '../observe/reporters.ts';
import type { PipelineFlag } from './pipeline-file.ts';
import { suggestion, usageError } from './usage.ts';

/** What the first words of the command line ask for. */
export type Command =
  | { readonly kind: 'help'; readonly of: 'cano' | 'run' | 'graph' }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly file: string; readonly rest: readonly string[] }
  | { readonly kind: 'graph'; readonly file: string };

type OwnFlag = 'threads' | 'reporter' | 'compare' | 'pairs' | 'verbose' | 'help';

/** The flags that every run has; `value` stands for a value in the help, a flag without one is a switch. */
export const RUN_FLAGS: Readonly<Record<OwnFlag, { readonly value: string | undefined; readonly help: string }>> = {
  threads: { value: 'N', help: 'number of threads (default CANO_THREADS, else all usable cores)' },
  reporter: { value: 'NAME', help: 'pretty (default), plain, json (events as NDJSON on stdout) or none' },
  compare: { value: undefined, help: 'run it with 1 and with N threads in turns and print the speed-up' },
  pairs: { value: 'N', help: 'pairs of runs for --compare (default 3)' },
  verbose: { value: undefined, help: 'debug logs, and stacks of errors (also with CANO_DEBUG=1)' },
  help: { value: undefined, help: 'this text' },
};

/** The flags of one run, checked. */
export interface RunFlags {
  readonly threads: number | undefined;
  readonly reporter: ReporterName;
  /** Number of pairs; 0 without --compare. */
  readonly pairs: number;
  readonly verbose: boolean;
  readonly help: boolean;
  /** What was given for the pipeline's inputs, by flag. */
  readonly given: ReadonlyMap<string, string | true>;
}

const COMMANDS = ['run', 'graph', 'help'];
const MAX_THREADS = 1024;
const MAX_PAIRS = 100;
const DEFAULT_PAIRS = 3;

/**
 * The first step.
 *
 * @throws CanoError `CANO_USAGE`
 */
export function readCommand(argv: readonly string[]): Command {
  const [command, file, ...rest] = argv;
  switch (command) {
    case undefined:
      throw usageError('no command is given', 'cano run FILE runs a pipeline; cano --help lists everything');
    case '--help':
    case '-h':
    case 'help':
      return { kind: 'help', of: file === 'run' || file === 'graph' ? file : 'cano' };
    case '--version':
    case '-v':
      return { kind: 'version' };
    case 'run':
    case 'graph':
      if (isHelp(file)) return { kind: 'help', of: command };
      if (file === undefined || file.startsWith('-')) {
        const found = file === undefined ? '' : `, and ${file} stands in its place`;
        throw usageError(
          `FILE is missing${found}`,
          `write it right after the command, as in cano ${command} pipeline.ts`,
        );
      }
      if (command === 'run') return { kind: 'run', file, rest };
      if (rest.some(isHelp)) return { kind: 'help', of: 'graph' };
      if (rest[0] !== undefined) throw usageError(`cano graph takes one file and no flags, got '${rest[0]}'`);
      return { kind: 'graph', file };
    default:
      throw command.startsWith('-')
        ? usageError(
            `unknown flag ${command}`,
            suggestion(command, ['--help', '--version']) ?? 'cano --help lists what there is',
          )
        : usageError(
            `unknown command '${command}'`,
            suggestion(command, COMMANDS) ?? "the commands are 'run' and 'graph'; cano --help tells more",
          );
  }
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h';
}

/**
 * The second step: the words after FILE.
 *
 * @param inputs flags of the pipeline's inputs
 * @throws CanoError `CANO_USAGE`
 */
export function readRunFlags(rest: readonly string[], inputs: readonly PipelineFlag[]): RunFlags {
  const takesValue = new Map<string, boolean>([
    ...Object.entries(RUN_FLAGS).map(([flag, { value }]) => [flag, value !== undefined] as const),
    ...inputs.map(({ flag, declared }) => [flag, declared.type !== 'boolean'] as const),
  ]);
  const words = wordsOf(rest, takesValue);
  const own = (flag: OwnFlag): string | true | undefined => words.get(flag);
  const pairs = own('pairs');
  const compare = isOn('compare', own('compare'));
  if (pairs !== undefined && !compare) throw usageError('--pairs has no meaning without --compare', 'add --compare');
  const threads = own('threads');
  const reporter = reporterOf(own('reporter'));
  if (compare && (reporter === 'json' || reporter === 'none')) {
    throw usageError(
      `--compare prints a table of its own, so --reporter ${reporter} has no meaning with it`,
      'leave out one of the two',
    );
  }
  return {
    threads: threads === undefined ? undefined : integer('threads', threads, MAX_THREADS),
    reporter: reporter ?? 'pretty',
    pairs: compare ? integer('pairs', pairs ?? String(DEFAULT_PAIRS), MAX_PAIRS) : 0,
    verbose: isOn('verbose', own('verbose')),
    help: isOn('help', own('help')),
    given: new Map([...words].filter(([flag]) => !Object.hasOwn(RUN_FLAGS, flag))),
  };
}

/** The words by flag; the last one counts where a flag is given twice. */
function wordsOf(rest: readonly string[], takesValue: ReadonlyMap<string, boolean>): Map<string, string | true> {
  // Not strict: the messages of parseArgs name no remedy.
  const options = Object.fromEntries(
    [...takesValue].map(([flag, takes]) => [flag, { type: takes ? 'string' : 'boolean' } as const]),
  );
  const { tokens } = parseArgs({
    args: [...rest],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const words = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional')
      throw usageError(`unexpected argument '${token.value}'`, 'values belong to a flag, as in --name value');
    const { name, rawName, value } = token;
    const takes = takesValue.get(name);
    if (takes === undefined) {
      const near = suggestion(name, takesValue.keys())?.replace("'", "'--");
      throw usageError(`unknown flag ${rawName}`, near ?? '--help after the file lists what there is');
    }
    // parseArgs takes whatever follows for the value; a flag that follows is more likely a value left out.
    if (takes && (value === undefined || (!token.inlineValue && /^-(?![\d.])/.test(value)))) {
      throw usageError(
        `--${name} needs a value${value === undefined ? '' : `, and ${value} follows it`}`,
        `write --${name} VALUE`,
      );
    }
    words.set(name, value ?? true);
  }
  return words;
}

function isOn(flag: string, word: string | true | undefined): boolean {
  if (word === undefined || word === true) return word === true;
  throw usageError(`--${flag} takes no value, got '${word}'`);
}

function integer(flag: string, word: string | true, max: number): number {
  const value = /^\d+$/.test(String(word)) ? Number(word) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw usageError(`--${flag} must be an integer from 1 to ${max}, got '${word}'`);
}

function reporterOf(word: string | true | undefined): ReporterName | undefined {
  const found = REPORTERS.find((name) => name === word);
  if (word === undefined || found !== undefined) return found;
  throw usageError(
    `--reporter must be one of ${REPORTERS.join(', ')}, got '${word}'`,
    suggestion(String(word), REPORTERS),
  );
}
