/**
 * `cano bench`: what a pipeline gains from threads on this machine.
 *
 * Owns: the order of what is checked, measured, printed and written; what Ctrl-C does.
 * Does not own: what is timed (timed-run.ts), the rounds (measure.ts), the figures (analysis.ts).
 *
 * N1 All that can be refused is refused before anything is measured: flags, inputs, the baseline, places to write to.
 * N2 Nothing is printed on stdout or written to a file unless every benchmark has been measured; and what has been measured
 *    is printed, whatever becomes of the file.
 */
import type { ChildProcess } from 'node:child_process';
import { availableThreads } from '../../index.ts';
import { paintColors, paintPlain, wantsColor, type Line } from '../../observe/text.ts';
import type { Program } from '../commands.ts';
import { calibrate } from '../control.ts';
import { benchHelp } from '../help.ts';
import { onInterrupt } from '../interrupt.ts';
import type { Io } from '../io.ts';
import { BUILTIN, loadPipeline, type Pipeline } from '../pipeline-file.ts';
import { printFailure } from '../run-pipeline.ts';
import { signalRun, TimedRunFailed } from '../timed-run.ts';
import { EXIT } from '../usage.ts';
import { recommend } from './advice.ts';
import { analyse } from './analysis.ts';
import { compareWith, matchBaseline, type Subject } from './baseline.ts';
import { cautionsOf } from './cautions.ts';
import { DOCUMENT_KIND, DOCUMENT_VERSION, readBaseline, type BenchDocument, type Benchmark } from './document.ts';
import { lookAround, type Environment } from './environment.ts';
import { readBenchFlags, readSubject, type BenchFlags } from './flags.ts';
import { renderPage } from './html.ts';
import { KERNEL_TEXTS } from './kernel-texts.ts';
import { measure } from './measure.ts';
import { defaultCounts } from './plan.ts';
import { showProgress } from './progress.ts';
import { renderBenchmark, renderComparison, renderEnvironment, renderLegend } from './table.ts';
import { requireWritable, writeWhole } from '../output-file.ts';

const DEFAULT_WIDTH = 120;

/** A pipeline that is about to be measured. */
interface Target {
  readonly file: string;
  readonly subject: Subject;
  readonly match: ReturnType<typeof matchBaseline> | undefined;
}

/**
 * Runs a benchmark and prints what came out.
 *
 * @param words after `bench`
 * @returns the exit code
 * @throws CanoError when nothing was measured
 */
export async function bench(words: readonly string[], program: Program, io: Io): Promise<number> {
  const wanted = readSubject(words);
  const files =
    wanted.kind === 'file'
      ? [wanted.file]
      : (wanted.names.length === 0 ? Object.keys(KERNEL_TEXTS) : wanted.names).map((name) => BUILTIN + name);
  const pipelines: (readonly [string, Pipeline])[] = [];
  for (const file of files) pipelines.push([file, await loadPipeline(file)]);
  // The kernels have the same inputs.
  const flags = readBenchFlags(wanted.rest, pipelines[0]?.[1].flags ?? []);
  if (flags.help) {
    io.out.write(benchHelp(pipelines[0]?.[0] ?? '', pipelines[0]?.[1]));
    return EXIT.done;
  }
  const environment = lookAround(program.version);
  const counts = flags.threads ?? defaultCounts(availableThreads(undefined));
  const baseline = flags.baseline === undefined ? undefined : readBaseline(flags.baseline);
  const targets = pipelines.map(([file, pipeline]): Target => {
    const subject = describe(pipeline, flags);
    const match = baseline === undefined ? undefined : matchBaseline(baseline, subject, counts, environment);
    return { file, subject, match };
  });
  if (flags.html !== undefined) {
    const subject = wanted.kind === 'file' ? wanted.file : undefined;
    requireWritable(flags.html, '--html', { 'the pipeline': subject, '--baseline': flags.baseline });
  }

  const benchmarks = await measureAll(targets, counts, flags, environment, program, io);
  if (typeof benchmarks === 'number') return benchmarks;

  const document: BenchDocument = {
    v: DOCUMENT_VERSION,
    kind: DOCUMENT_KIND,
    createdAt: new Date().toISOString(),
    environment,
    settings: { threads: counts, repeat: flags.repeat, warmup: flags.warmup },
    baseline:
      baseline === undefined
        ? undefined
        : { file: baseline.file, createdAt: baseline.createdAt, threshold: flags.threshold },
    benchmarks,
  };
  if (flags.json) io.out.write(`${JSON.stringify(document, undefined, 2)}\n`);
  print(document, flags, io);
  const isWritten = flags.html === undefined || writePage(flags.html, document, flags, program, io);
  return isWritten ? codeOf(benchmarks) : EXIT.failed;
}

/** @returns whether it could be written */
function writePage(file: string, document: BenchDocument, flags: BenchFlags, { verbose }: Program, io: Io): boolean {
  try {
    writeWhole(file, renderPage(document));
  } catch (error) {
    io.err.write(`cano: the benchmark is over, but its page '${file}' could not be written:\n`);
    printFailure(error, verbose || flags.verbose, io);
    return false;
  }
  say([[{ text: ` page: ${file}`, style: 'dim' }]], sinkOf(flags, io), io);
  return true;
}

function codeOf(benchmarks: readonly Benchmark[]): number {
  const differences = benchmarks.flatMap(({ comparison }) => comparison?.differences ?? []);
  const verdicts = new Set(differences.map(({ verdict }) => verdict));
  if (verdicts.has('slower')) return EXIT.failed;
  return verdicts.has('other') ? EXIT.notCompared : EXIT.done;
}

function describe(pipeline: Pipeline, { given }: BenchFlags): Subject {
  const inputs = pipeline.parse(given);
  pipeline.checkPaths(inputs);
  const { name, definition, definitionHash } = pipeline.workflow as unknown as {
    readonly name: string;
    readonly definition: { readonly version: number };
    readonly definitionHash: string;
  };
  return {
    workflow: name,
    version: definition.version,
    definitionHash,
    inputs,
    pathInputs: pipeline.flags.filter(({ declared }) => declared.type === 'path').map((flag) => flag.name),
  };
}

/** @returns an exit code when not everything could be measured */
async function measureAll(
  targets: readonly Target[],
  counts: readonly number[],
  flags: BenchFlags,
  { usableCores }: Environment,
  { script, verbose }: Program,
  io: Io,
): Promise<Benchmark[] | number> {
  const { repeat, warmup, timeoutMs, given, threshold } = flags;
  const isVerbose = verbose || flags.verbose;
  const benchmarks: Benchmark[] = [];
  let child: ChildProcess | undefined;
  const loops = new Set<ChildProcess>();
  let isInterrupted = false;
  let clear: (() => void) | undefined;
  const off = onInterrupt(
    (signal) => {
      isInterrupted = true;
      clear?.();
      // It has nothing to bring to an end, and may be unable to hear.
      for (const loop of loops) signalRun(loop, 'SIGKILL');
      if (child === undefined) io.exit(EXIT.interrupted);
      else signalRun(child, signal);
    },
    () => {
      for (const each of [...loops, ...(child === undefined ? [] : [child])]) signalRun(each, 'SIGKILL');
      io.exit(EXIT.interrupted);
    },
  );
  try {
    const iterations = await calibrate();
    for (const { file, subject, match } of targets) {
      const progress = showProgress({ workflow: subject.workflow, counts, repeat, warmup }, io);
      ({ clear } = progress);
      const measured = await measure(
        { file, given, counts, repeat, warmup, timeoutMs, verbose: isVerbose, script, env: io.env, iterations },
        {
          begins: (what) => {
            // The run that was interrupted may have been at its end.
            if (isInterrupted) throw new TimedRunFailed('interrupted', EXIT.interrupted, '');
            progress.begins(what);
          },
          ended: progress.ended,
          stderr: (text) => {
            if (!isVerbose) return;
            progress.clear();
            io.err.write(text);
          },
          child: (current) => (child = current),
          loop: (started) => {
            loops.add(started);
            started.once('exit', () => loops.delete(started));
            // The run that was interrupted may have been at its end.
            if (isInterrupted) signalRun(started, 'SIGKILL');
          },
        },
      );
      progress.clear();
      const analysis = analyse(measured.samples, usableCores);
      const advice = recommend(analysis.rows, analysis, usableCores);
      const figures = { ...measured, controlIterations: iterations, analysis };
      benchmarks.push({
        ...subject,
        file,
        ...figures,
        advice,
        cautions: cautionsOf({ analysis, advice, counts, repeat, usableCores, ownLoop: measured.ownLoop }),
        comparison: match === undefined ? undefined : compareWith(match, figures, threshold),
      });
    }
    return isInterrupted ? EXIT.interrupted : benchmarks;
  } catch (error) {
    if (!(error instanceof TimedRunFailed)) throw error;
    clear?.();
    if (isInterrupted) return EXIT.interrupted;
    tell(error, isVerbose, io);
    // Of the pipeline's own checks: nothing has run then.
    return error.exitCode === EXIT.usage ? EXIT.usage : EXIT.failed;
  } finally {
    off();
  }
}

function tell({ message, stderr }: TimedRunFailed, hasToldAll: boolean, io: Io): void {
  const said = hasToldAll || stderr.trim() === '' ? '' : `${stderr.trimEnd()}\n`;
  io.err.write(`${said}cano: ${message}, so there is no benchmark\n`);
}

function print({ environment, settings, baseline, benchmarks }: BenchDocument, flags: BenchFlags, io: Io): void {
  const sink = sinkOf(flags, io);
  const width = sink.isTTY === true ? (sink.columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH;
  const lines: Line[] = [];
  for (const benchmark of benchmarks) {
    lines.push(...renderBenchmark(benchmark, settings, width), []);
    const { comparison } = benchmark;
    if (comparison !== undefined && baseline !== undefined) {
      lines.push(...renderComparison(comparison, baseline, width), []);
    }
  }
  lines.push(...renderLegend(width), [], ...renderEnvironment(environment, width));
  say(lines, sink, io);
}

/** Where the table goes. */
function sinkOf({ json }: BenchFlags, io: Io): Io['out'] {
  return json ? io.err : io.out;
}

function say(lines: readonly Line[], sink: Io['out'], io: Io): void {
  const paint = wantsColor(sink, io.env) ? paintColors : paintPlain;
  sink.write(`${lines.map((line) => paint(line)).join('\n')}\n`);
}
