/**
 * One run of a pipeline, from its inputs to the exit code.
 *
 * Owns: the engine, the reporter, what signals do, the order in which all that ends.
 * Does not own: what is shown (observe/), what runs (the engine).
 *
 * R1 What fails before the run starts is bad usage (exit code 2); afterwards the run has failed (1) or was interrupted (130).
 * R2 The terminal is restored on every way out, the second Ctrl-C included.
 */
import {
  createEngine,
  isCanoError,
  type Engine,
  type EngineOptions,
  type LogThreshold,
  type RunResult,
  type Trace,
  type WorkflowDefinition,
} from '../index.ts';
import { describeFailure } from '../observe/failure.ts';
import type { Reporter } from '../observe/reporter.ts';
import { createReporter, type ReporterName } from '../observe/reporters.ts';
import { wantsColor } from '../observe/text.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import type { MetricsPort } from './metrics-port.ts';
import type { Pipeline } from './pipeline-file.ts';
import { openReport } from './report-file.ts';
import { saveTrace } from './trace.ts';
import { EXIT, usageError } from './usage.ts';

export interface RunSettings {
  readonly threads: number;
  readonly reporter: ReporterName;
  readonly logLevel: LogThreshold;
  readonly verbose: boolean;
  /** Where the report page goes. */
  readonly report?: string | undefined;
  /** Called when all threads are ready, right before the run. */
  readonly onReady?: (() => void) | undefined;
  /** Port of the metrics. */
  readonly metrics?: number | undefined;
  /** Where a timeline of the run is written, however the run ends. */
  readonly trace?: string | undefined;
  /** Told the result of a completed run. */
  readonly onDone?: ((result: RunResult) => Promise<void>) | undefined;
}

type Inputs = Parameters<Pipeline['store']>[0];
type MakeEngine = (options: EngineOptions) => Engine;

/** Milliseconds that the end of the threads may take after the run. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * Runs a pipeline and prints what the reporter has to say.
 *
 * @returns the exit code
 * @throws CanoError when the run could not start
 */
export async function runPipeline(
  pipeline: Pipeline,
  inputs: Inputs,
  settings: RunSettings,
  io: Io,
  makeEngine: MakeEngine = createEngine,
): Promise<number> {
  const page = settings.report === undefined ? undefined : openReport(settings.report);
  const workflow = pipeline.workflow as {
    readonly name: string;
    readonly definition: WorkflowDefinition;
    outline(): readonly { readonly state: string; readonly node: string; readonly branch?: string }[];
  };
  const services = await prepare(workflow.name, 'services', () => pipeline.services(inputs));
  const store = await prepare(workflow.name, 'store', () => pipeline.store(inputs));

  // Lines that nobody is shown are not even sent from the threads.
  const logLevel = settings.reporter === 'none' ? 'none' : settings.logLevel;
  const engine = makeEngine({
    threads: settings.threads,
    services,
    logLevel,
    onEvent: (event) => {
      page?.timeline.update(event);
      reporter.update(event);
    },
  });
  const reporter: Reporter = createReporter(
    settings.reporter,
    {
      workflow: workflow.name,
      outline: workflow.outline(),
      threads: settings.threads,
      look: () => engine.stats(),
      out: io.out,
      err: io.err,
      colors: { out: wantsColor(io.out, io.env), err: wantsColor(io.err, io.env) },
      logLevel,
    },
    io.env,
  );
  const controller = new AbortController();
  let isInterrupted = false;
  const off = onInterrupt(
    (signal) => {
      isInterrupted = true;
      reporter.notice(signal === 'SIGINT' ? 'cancelling; Ctrl-C again exits at once' : 'cancelling');
      controller.abort(new Error(`interrupted by ${signal}`));
    },
    () => {
      reporter.stop();
      io.exit(EXIT.interrupted);
    },
  );
  let port: MetricsPort | undefined;
  try {
    if (settings.metrics !== undefined) {
      // Loaded late: few runs need the client library.
      const { openMetricsPort } = await import('./metrics-port.ts');
      port = await openMetricsPort(settings.metrics, engine, workflow);
      if (settings.reporter !== 'none') io.err.write(`metrics  ${port.url}\n`);
    }
    // Outside the run: its wall time, and the speed-up of --compare, are those of threads that are ready.
    await engine.warmUp(workflow);
    settings.onReady?.();
    const trace = settings.trace === undefined ? undefined : engine.trace();
    const run = engine.start(workflow as never, store as never, { signal: controller.signal });
    const writePage = (error: unknown): boolean => {
      if (page === undefined) return true;
      try {
        page.write(run, error === undefined ? undefined : describeFailure(error, settings.verbose));
        if (settings.reporter !== 'none') io.err.write(` time    ${page.file}\n`);
        return true;
      } catch (thrown) {
        io.err.write('cano: the run is over, but its report could not be written:\n');
        printFailure(thrown, settings.verbose, io);
        return false;
      }
    };
    const code = await run.result.then(
      async (result) => {
        await settings.onDone?.(result);
        const end = await finish(pipeline, reporter, store, result, inputs, settings.verbose, io);
        return writePage(undefined) ? end : EXIT.failed;
      },
      (error: unknown) => {
        reporter.finish([]);
        printFailure(error, settings.verbose, io);
        writePage(error);
        return isInterrupted && isCanoError(error) && error.code === 'CANO_RUN_CANCELLED'
          ? EXIT.interrupted
          : EXIT.failed;
      },
    );
    return trace === undefined ? code : await endTrace(trace, settings, code, io);
  } finally {
    await engine.close({ timeout: CLOSE_TIMEOUT_MS });
    port?.close();
    reporter.stop();
    off();
  }
}

async function endTrace(
  trace: Trace,
  { trace: file = '', reporter, verbose }: RunSettings,
  code: number,
  io: Io,
): Promise<number> {
  try {
    await saveTrace(trace, file, (text) => void (reporter === 'none' || io.err.write(text)));
    return code;
  } catch (error) {
    printFailure(error, verbose, io);
    return code === EXIT.done ? EXIT.failed : code;
  }
}

/** Prints an error for people: what, where, and how to learn more. */
export function printFailure(error: unknown, verbose: boolean, io: Io): void {
  const [first = '', ...rest] = describeFailure(error, verbose);
  io.err.write([`cano: ${first}`, ...rest.map((line) => `      ${line}`)].join('\n') + '\n');
  const isClear = isCanoError(error) && (error.cause === undefined || error.code === 'CANO_RUN_CANCELLED');
  if (!verbose && !isClear) io.err.write('      (--verbose shows the stack)\n');
}

async function prepare(name: string, part: 'store' | 'services', make: () => unknown): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    if (isCanoError(error)) throw error;
    const failure = usageError(
      `${part} of pipeline '${name}' failed, so nothing was run: ${error instanceof Error ? error.message : String(error)}`,
    );
    failure.cause = error;
    throw failure;
  }
}

async function finish(
  pipeline: Pipeline,
  reporter: Reporter,
  store: unknown,
  result: RunResult,
  inputs: Inputs,
  verbose: boolean,
  io: Io,
): Promise<number> {
  if (!reporter.wantsSummary) {
    reporter.finish([]);
    return EXIT.done;
  }
  let lines: readonly string[];
  try {
    lines = await pipeline.summary(store, result, inputs);
  } catch (error) {
    reporter.finish([]);
    io.err.write('cano: the run is completed, but the summary of its pipeline failed:\n');
    printFailure(error, verbose, io);
    return EXIT.failed;
  }
  reporter.finish(lines);
  return EXIT.done;
}
