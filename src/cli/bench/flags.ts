/** The flags of `cano bench`. Pure. */
import { toMs, type Duration } from '../../core/duration.ts';
import { MAX_THREADS } from '../args.ts';
import type { PipelineFlag } from '../pipeline-file.ts';
import { usageError } from '../usage.ts';
import { integer, isOn, readWords } from '../words.ts';

type OwnFlag =
  | 'threads'
  | 'repeat'
  | 'warmup'
  | 'json'
  | 'html'
  | 'baseline'
  | 'threshold'
  | 'timeout'
  | 'builtin'
  | 'verbose'
  | 'help';

/** `value` stands for a value in the help; a flag without one is a switch. */
export const BENCH_FLAGS: Readonly<Record<OwnFlag, { readonly value: string | undefined; readonly help: string }>> = {
  threads: { value: 'LIST', help: 'thread counts, as in 1,2,4,8 (default 1, 2, 4, … and all usable cores)' },
  repeat: { value: 'N', help: 'measured rounds (default 5); each runs every thread count once' },
  warmup: { value: 'N', help: 'rounds before, which do not count (default 1)' },
  json: {
    value: undefined,
    help: 'prints everything, raw samples and comparison included, as JSON; the table goes to stderr',
  },
  html: { value: 'FILE', help: 'writes a page with the curves' },
  baseline: {
    value: 'FILE',
    help: 'compares with the --json of an earlier benchmark; exit code 1 when it is slower, 3 when that has done other work',
  },
  threshold: { value: 'P%', help: 'how much slower is too slow for --baseline (default 10%)' },
  timeout: { value: 'TIME', help: 'most that a single run may take, as in 90s or 2h (default 10m)' },
  builtin: { value: undefined, help: "runs cano's own kernels instead of a file; names after it choose some" },
  verbose: { value: undefined, help: 'what the runs say on stderr, and stacks of errors' },
  help: { value: undefined, help: 'this text' },
};

export interface BenchFlags {
  /** Ascending, each once; undefined when none is given. */
  readonly threads: readonly number[] | undefined;
  readonly repeat: number;
  readonly warmup: number;
  readonly json: boolean;
  readonly html: string | undefined;
  readonly baseline: string | undefined;
  /** Share: 0.1 is 10 %. */
  readonly threshold: number;
  readonly timeoutMs: number;
  readonly verbose: boolean;
  readonly help: boolean;
  /** What was given for the pipeline's inputs, by flag. */
  readonly given: ReadonlyMap<string, string | true>;
}

const MAX_ROUNDS = 100;
const DEFAULT_THRESHOLD = '10%';

/** What stands behind `bench`: a file, or kernels by name (none: all of them), and the words that follow. */
export type BenchSubject =
  | { readonly kind: 'file'; readonly file: string; readonly rest: readonly string[] }
  | { readonly kind: 'builtin'; readonly names: readonly string[]; readonly rest: readonly string[] };

/**
 * What is to be measured.
 *
 * @param words after `bench`
 * @throws CanoError `CANO_USAGE`
 */
export function readSubject(words: readonly string[]): BenchSubject {
  const [first, ...others] = words;
  const end = words.indexOf('--');
  const at = words.slice(0, end === -1 ? undefined : end).indexOf('--builtin');
  if (first !== undefined && !first.startsWith('-')) {
    if (at === -1) return { kind: 'file', file: first, rest: others };
    throw usageError(`FILE '${first}' and --builtin are both given`, 'leave out one of the two');
  }
  if (at === -1) {
    const found = first === undefined ? '' : `, and ${first} stands in its place`;
    throw usageError(
      `FILE is missing${found}`,
      'write it right after the command, as in cano bench pipeline.ts, or run cano bench --builtin',
    );
  }
  const after = words.slice(at + 1);
  const next = after.findIndex((word) => word.startsWith('-'));
  const names = next === -1 ? after : after.slice(0, next);
  return {
    kind: 'builtin',
    names: [...new Set(names.flatMap((word) => word.split(',')))].filter((name) => name !== ''),
    rest: [...words.slice(0, at), ...(next === -1 ? [] : after.slice(next))],
  };
}

/**
 * The flags. Those of the pipeline may stand among them; one that has the name of a flag of `bench` stands behind `--`.
 *
 * @param rest the words after the subject
 * @param inputs flags of the pipeline's inputs
 * @throws CanoError `CANO_USAGE`
 */
export function readBenchFlags(rest: readonly string[], inputs: readonly PipelineFlag[]): BenchFlags {
  const end = rest.indexOf('--');
  const helpAt = '--help after the file';
  const ofInputs = inputs.map(({ flag, declared }) => [flag, declared.type !== 'boolean'] as const);
  const ofBench = Object.entries(BENCH_FLAGS).map(([flag, { value }]) => [flag, value !== undefined] as const);
  const { flags: words } = readWords(end === -1 ? rest : rest.slice(0, end), {
    takesValue: new Map([...ofInputs, ...ofBench]),
    helpAt,
  });
  const { flags: behind } = readWords(end === -1 ? [] : rest.slice(end + 1), { takesValue: new Map(ofInputs), helpAt });
  const own = (flag: OwnFlag): string | true | undefined => words.get(flag);
  const baseline = own('baseline');
  if (own('threshold') !== undefined && baseline === undefined) {
    const isInput = inputs.some(({ flag }) => flag === 'threshold');
    throw usageError(
      '--threshold has no meaning without --baseline',
      isInput ? "write the pipeline's own --threshold behind --, as in -- --threshold 0.9" : 'add --baseline FILE',
    );
  }
  const threads = own('threads');
  return {
    threads: threads === undefined ? undefined : countsOf(String(threads)),
    repeat: integer('repeat', own('repeat') ?? '5', 1, MAX_ROUNDS),
    warmup: integer('warmup', own('warmup') ?? '1', 0, MAX_ROUNDS),
    json: isOn('json', own('json')),
    html: own('html') as string | undefined,
    baseline: baseline as string | undefined,
    threshold: percentOf(String(own('threshold') ?? DEFAULT_THRESHOLD)),
    timeoutMs: timeoutOf(String(own('timeout') ?? '10m')),
    verbose: isOn('verbose', own('verbose')),
    help: isOn('help', own('help')),
    given: new Map([...[...words].filter(([flag]) => !Object.hasOwn(BENCH_FLAGS, flag)), ...behind]),
  };
}

function countsOf(text: string): number[] {
  const counts = text.split(',').map((word) => (/^\d+$/.test(word.trim()) ? Number(word) : Number.NaN));
  if (counts.every((count) => count >= 1 && count <= MAX_THREADS))
    return [...new Set(counts)].toSorted((a, b) => a - b);
  throw usageError(
    `--threads must be integers from 1 to ${MAX_THREADS} with commas between them, such as 1,2,4, got '${text}'`,
  );
}

function percentOf(text: string): number {
  const percent = /^\d+(?:\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (percent >= 0) return percent / 100;
  throw usageError(`--threshold must be a percentage such as 10%, got '${text}'`);
}

// The longest that a timer can wait.
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function timeoutOf(text: string): number {
  let ms: number;
  try {
    ms = toMs(text as Duration, '--timeout');
  } catch {
    ms = Number.NaN;
  }
  if (ms > 0 && ms <= MAX_TIMEOUT_MS) return ms;
  throw usageError(`--timeout must be a duration such as 90s, 10m or 2h, at most 24 days, got '${text}'`);
}
