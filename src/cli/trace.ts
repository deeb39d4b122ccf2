/** `cano run --trace FILE` and `cano trace open FILE`: timelines as files. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Trace } from '../index.ts';
import { formatBytes, formatCount, formatMs, plural } from '../observe/format.ts';
import { clean } from '../observe/text.ts';
import { summaryOf, type TraceSummary } from '../observe/trace/summary.ts';
import type { Io } from './io.ts';
import { EXIT, suggestion, usageError } from './usage.ts';
import { isOn, readWords } from './words.ts';

/** Writes the trace of a run and says where it is and how to look at it. @throws CanoError (as rejection) */
export async function saveTrace(trace: Trace, file: string, say: (text: string) => void): Promise<void> {
  trace.stop();
  const { bytes, events, dropped } = await trace.write(file);
  const lost = dropped === 0 ? '' : `, the first ${formatCount(dropped)} events of the run are not in it`;
  say(`trace    ${file}  (${formatCount(events)} events, ${formatBytes(bytes)}${lost})\n`);
  say(`         drop it on https://ui.perfetto.dev, or see: cano trace open ${file}\n`);
}

/** `cano trace …` @returns the exit code @throws CanoError `CANO_USAGE` */
export function traceCommand(rest: readonly string[], io: Io): number {
  const takesValue = new Map([
    ['json', false],
    ['help', false],
  ]);
  const { flags, positionals } = readWords(rest, { takesValue, positionals: 2, helpAt: 'cano trace --help' });
  const [verb, file] = positionals;
  if (verb !== 'open') {
    throw verb === undefined
      ? usageError('cano trace needs a verb', 'cano trace open FILE says what is in a trace and how to see it')
      : usageError(`cano trace has no verb '${verb}'`, suggestion(verb, ['open']) ?? "there is one: 'open'");
  }
  if (file === undefined)
    throw usageError('FILE is missing', 'write it after the verb, as in cano trace open trace.json.gz');
  const { summary, bytes } = read(file);
  if (isOn('json', flags.get('json'))) io.out.write(`${JSON.stringify({ file: resolve(file), bytes, ...summary })}\n`);
  else io.out.write(describe(file, summary, bytes).join('\n') + '\n');
  return EXIT.done;
}

function read(file: string): { readonly summary: TraceSummary; readonly bytes: number } {
  const made = 'cano run FILE --trace trace.json.gz makes one';
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw usageError(`there is no file '${file}' (looked for ${resolve(file)})`, made);
  if (found.isDirectory()) throw usageError(`'${file}' is a folder`, 'name the trace file in it');
  // One that nobody writes to would be waited for.
  if (!found.isFile()) throw usageError(`'${file}' is no regular file`, 'name a trace file');
  let summary: TraceSummary | undefined;
  let why = 'it is not one that cano wrote';
  try {
    const raw = readFileSync(file);
    summary = summaryOf(JSON.parse((raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString('utf8')));
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  if (summary === undefined) throw usageError(`'${file}' is no trace of cano (${clean(why)})`, made);
  return { summary, bytes: found.size };
}

function describe(file: string, summary: TraceSummary, bytes: number): string[] {
  const { name, startedAt, spanMs, events, runs, executions, failed, threads, busyMs, dropped } = summary;
  const share = spanMs > 0 ? ` (${(busyMs / spanMs).toFixed(2)} busy on average)` : '';
  const bad = failed === 0 ? '' : `, ${formatCount(failed)} of them not ok`;
  return [
    `${file}: ${clean(name)}, ${formatMs(spanMs)} in ${plural(events, 'event', 'events')}, ${formatBytes(bytes)}`,
    '',
    `  recorded    ${startedAt}`,
    `  runs        ${formatCount(runs)}`,
    `  executions  ${formatCount(executions)} on threads${bad}`,
    `  threads     ${threads}${share}`,
    ...(dropped === 0
      ? []
      : [`  left out    the first ${formatCount(dropped)} events: the recording holds the last ones`]),
    '',
    'See it',
    '  Perfetto    open https://ui.perfetto.dev and drop the file on the page; it stays in your browser',
    '  Chrome      open chrome://tracing, press Load, choose the file (newer ones ask to be allowed to: chrome://chrome-urls)',
    '',
    'What is where',
    '  main thread       dispatch: executions leave for threads; an arrow leads to where each began',
    '  thread 0, 1, …    what each thread executed, one after the other',
    '  run …             each run and its states; in them prep, queue, to thread, exec, post, back-off',
    '  queue, to thread  waits of items and branches, which lie side by side; so does back-off',
    '  queue executions  how many waited; busy threads: how many threads computed',
    '',
    'W and S zoom, A and D move; a click on a slice shows its run, state, item, attempt, outcome and bytes.',
  ];
}
