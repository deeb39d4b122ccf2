/**
 * Reads the command line, in two steps: the command and its file first, because the flags of `run` depend on the inputs
 * that the file declares. Pure.
 */
import type { LogThreshold } from '../index.ts';
import { LOG_LEVELS } from '../observe/notes.ts';
import { REPORTERS, type ReporterName } from '../observe/reporters.ts';
import type { PipelineFlag } from './pipeline-file.ts';
import { suggestion, usageError } from './usage.ts';
import { integer, isOn, oneOf, readWords } from './words.ts';

/** What the first words of the command line ask for. */
export type Command =
  | { readonly kind: 'help'; readonly of: HelpTopic }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly file: string; readonly rest: readonly string[] }
  | { readonly kind: 'graph'; readonly file: string }
  | { readonly kind: 'serve'; readonly file: string; readonly rest: readonly string[] }
  | { readonly kind: 'bench' | 'schedules' | 'runs' | 'trace' | 'grafana'; readonly rest: readonly string[] };

/** What there is help of. */
export type HelpTopic = 'cano' | 'run' | 'bench' | 'graph' | 'serve' | 'schedules' | 'runs' | 'trace' | 'grafana';

const TOPICS: readonly string[] = [
  'run',
  'bench',
  'graph',
  'serve',
  'schedules',
  'runs',
  'trace',
  'grafana',
] satisfies HelpTopic[];

type OwnFlag =
  | 'threads'
  | 'reporter'
  | 'log-level'
  | 'report'
  | 'trace'
  | 'metrics'
  | 'compare'
  | 'pairs'
  | 'verbose'
  | 'help';

/** The flags that every run has; `value` stands for a value in the help, a flag without one is a switch. */
export const RUN_FLAGS: Readonly<Record<OwnFlag, { readonly value: string | undefined; readonly help: string }>> = {
  threads: { value: 'N', help: 'number of threads (default CANO_THREADS, else all usable cores)' },
  reporter: { value: 'NAME', help: 'pretty (default), plain, json (events as NDJSON on stdout) or none' },
  'log-level': { value: 'LEVEL', help: 'least level of log lines: debug, info (default), warn, error or none' },
  report: { value: 'FILE', help: 'write where the time went to FILE, an HTML page that needs nothing else' },
  trace: { value: 'FILE', help: 'write a timeline for ui.perfetto.dev to FILE (.json or .json.gz)' },
  metrics: {
    value: 'PORT',
    help: 'metrics for Prometheus at 127.0.0.1:PORT/metrics while it runs, 0 for any free port',
  },
  compare: { value: undefined, help: 'run it with 1 and with N threads in turns and print the speed-up' },
  pairs: { value: 'N', help: 'pairs of runs for --compare (default 3)' },
  verbose: { value: undefined, help: '--log-level debug, and stacks of errors (also with CANO_DEBUG=1)' },
  help: { value: undefined, help: 'this text' },
};

/** The flags of one run, checked. */
export interface RunFlags {
  readonly threads: number | undefined;
  readonly reporter: ReporterName;
  /** Undefined when it is not given: info, or debug with --verbose. */
  readonly logLevel: LogThreshold | undefined;
  /** The file that the report page is to go to. */
  readonly report: string | undefined;
  /** Where metrics are served. */
  readonly metrics: number | undefined;
  /** Where the timeline goes. */
  readonly trace: string | undefined;
  /** Number of pairs; 0 without --compare. */
  readonly pairs: number;
  readonly verbose: boolean;
  readonly help: boolean;
  /** What was given for the pipeline's inputs, by flag. */
  readonly given: ReadonlyMap<string, string | true>;
}

const COMMANDS = [...TOPICS, 'help'];
export const MAX_THREADS = 1024;
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
      return { kind: 'help', of: file !== undefined && TOPICS.includes(file) ? (file as HelpTopic) : 'cano' };
    case '--version':
    case '-v':
      return { kind: 'version' };
    case 'bench':
      // With a file, its help lists the inputs of that pipeline as well.
      return file === undefined || !isHelp(file)
        ? { kind: 'bench', rest: argv.slice(1) }
        : { kind: 'help', of: 'bench' };
    case 'schedules':
    case 'runs':
    case 'trace':
    case 'grafana':
      return argv.slice(1).some(isHelp) ? { kind: 'help', of: command } : { kind: command, rest: argv.slice(1) };
    case 'run':
    case 'serve':
    case 'graph':
      if (isHelp(file)) return { kind: 'help', of: command };
      if (file === undefined || file.startsWith('-')) {
        const found = file === undefined ? '' : `, and ${file} stands in its place`;
        throw usageError(
          `FILE is missing${found}`,
          `write it right after the command, as in cano ${command} ${command === 'serve' ? 'cano.config.ts' : 'pipeline.ts'}`,
        );
      }
      if (command === 'run') return { kind: 'run', file, rest };
      if (command === 'serve') return rest.some(isHelp) ? { kind: 'help', of: 'serve' } : { kind: 'serve', file, rest };
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
            suggestion(command, COMMANDS) ??
              `the commands are ${TOPICS.map((each) => `'${each}'`).join(', ')}; cano --help tells more`,
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
  const { flags: words } = readWords(rest, { takesValue, helpAt: '--help after the file' });
  const own = (flag: OwnFlag): string | true | undefined => words.get(flag);
  const pairs = own('pairs');
  const compare = isOn('compare', own('compare'));
  if (pairs !== undefined && !compare) throw usageError('--pairs has no meaning without --compare', 'add --compare');
  const threads = own('threads');
  const reporter = oneOf('reporter', own('reporter'), REPORTERS);
  if (compare && (reporter === 'json' || reporter === 'none')) {
    throw usageError(
      `--compare prints a table of its own, so --reporter ${reporter} has no meaning with it`,
      'leave out one of the two',
    );
  }
  const report = own('report');
  if (report === '') throw usageError('--report needs a file, got an empty name', 'write --report FILE.html');
  if (compare && report !== undefined) {
    throw usageError('--report has no meaning with --compare, which makes many runs', 'leave out one of the two');
  }
  const metrics = own('metrics');
  if (compare && metrics !== undefined) {
    throw usageError(
      '--compare runs the pipeline in processes of their own, so --metrics has no meaning with it',
      'leave out one of the two',
    );
  }
  const trace = own('trace') as string | undefined;
  if (compare && trace !== undefined) {
    throw usageError(
      '--compare runs the pipeline several times, so --trace has no meaning with it',
      'leave out one of the two',
    );
  }
  return {
    report: report as string | undefined,
    threads: threads === undefined ? undefined : integer('threads', threads, 1, MAX_THREADS),
    reporter: reporter ?? 'pretty',
    logLevel: oneOf('log-level', own('log-level'), LOG_LEVELS),
    trace,
    metrics: metrics === undefined ? undefined : integer('metrics', metrics, 0, 65_535),
    pairs: compare ? integer('pairs', pairs ?? String(DEFAULT_PAIRS), 1, MAX_PAIRS) : 0,
    verbose: isOn('verbose', own('verbose')),
    help: isOn('help', own('help')),
    given: new Map([...words].filter(([flag]) => !Object.hasOwn(RUN_FLAGS, flag))),
  };
}
