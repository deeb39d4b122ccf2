/** The commands: from words to an exit code. */
import { availableThreads, isCanoError } from '../index.ts';
import { readCommand, readRunFlags } from './args.ts';
import { bench } from './bench/bench.ts';
import { OWN_LOOP_MARK, serveOwnLoop } from './bench/own-loop-server.ts';
import { compare } from './compare.ts';
import { grafana } from './grafana.ts';
import { helpOf, pipelineHelp } from './help.ts';
import { requireWritable } from './output-file.ts';
import type { Io } from './io.ts';
import { loadPipeline } from './pipeline-file.ts';
import { ProjectCopy } from './project-copy.ts';
import { printFailure, runPipeline } from './run-pipeline.ts';
import { executeRemote } from './remote.ts';
import { RUN_VERBS } from './runs.ts';
import { SCHEDULE_VERBS } from './schedules.ts';
import { askerOf, isMarked, TIMED_RUN_MARK, timeThisRun } from './timed-run.ts';
import { traceCommand } from './trace.ts';
import { EXIT } from './usage.ts';

/** What a command needs to know of the program itself. */
export interface Program {
  /** The script of this process, for processes like it. */
  readonly script: string;
  readonly version: string;
  readonly verbose: boolean;
}

/**
 * Does what the command line asks for; what goes wrong is told on stderr.
 *
 * @returns the exit code
 * @throws ProjectCopy when another copy of cano is to do it
 */
export async function execute(argv: readonly string[], program: Program, io: Io): Promise<number> {
  try {
    return await command(argv, program, io);
  } catch (error) {
    if (error instanceof ProjectCopy) throw error;
    // Errors that are not cano's are bugs of it: nothing the user did explains them, so the stack is what helps.
    const isOurs = isCanoError(error);
    printFailure(error, program.verbose || !isOurs, io);
    return isOurs ? EXIT.usage : EXIT.failed;
  }
}

// Throws a CanoError when nothing was run.
async function command(argv: readonly string[], program: Program, io: Io): Promise<number> {
  const asked = readCommand(argv);
  switch (asked.kind) {
    case 'help':
      io.out.write(helpOf(asked.of));
      return EXIT.done;
    case 'version':
      io.out.write(`${program.version}\n`);
      return EXIT.done;
    case 'graph': {
      const { workflow } = await loadPipeline(asked.file);
      io.out.write((workflow as { toMermaid(): string }).toMermaid());
      return EXIT.done;
    }
    case 'bench':
      return bench(asked.rest, program, io);
    case 'serve': {
      // Loaded when it is asked for: a run does not pay for a server.
      const { serve } = await import('./serve.ts');
      return serve(asked.file, asked.rest, program, io);
    }
    case 'schedules':
      return executeRemote('schedules', SCHEDULE_VERBS, asked.rest, io);
    case 'runs':
      return executeRemote('runs', RUN_VERBS, asked.rest, io);
    case 'trace':
      return traceCommand(asked.rest, io);
    case 'grafana':
      return grafana(asked.rest, io);
    case 'run':
      return run(asked.file, asked.rest, program, io);
    default:
      return asked satisfies never;
  }
}

async function run(file: string, rest: readonly string[], { script, verbose }: Program, io: Io): Promise<number> {
  const pipeline = await loadPipeline(file);
  const flags = readRunFlags(rest, pipeline.flags);
  if (flags.help) {
    io.out.write(pipelineHelp(file, pipeline));
    return EXIT.done;
  }
  const inputs = pipeline.parse(flags.given);
  pipeline.checkPaths(inputs);
  const threads = availableThreads(flags.threads);
  if (isMarked(OWN_LOOP_MARK, io.env)) return serveOwnLoop(pipeline, inputs, threads, askerOf(OWN_LOOP_MARK, io.env));
  const isVerbose = verbose || flags.verbose;
  const logLevel = flags.logLevel ?? (isVerbose ? 'debug' : 'info');
  const { report, trace } = flags;
  const others = { 'the pipeline': file };
  if (report !== undefined) requireWritable(report, '--report', { ...others, '--trace': trace });
  if (trace !== undefined) requireWritable(trace, '--trace', others);
  if (flags.pairs > 0) {
    const { name } = pipeline.workflow as { readonly name: string };
    return compare(
      {
        workflow: name,
        file,
        given: flags.given,
        threads,
        pairs: flags.pairs,
        verbose: isVerbose,
        script,
      },
      io,
    );
  }
  const timing = isMarked(TIMED_RUN_MARK, io.env) ? timeThisRun() : undefined;
  const { reporter, metrics } = flags;
  const settings = { threads, reporter, report, trace, metrics, logLevel, verbose: isVerbose };
  return runPipeline(pipeline, inputs, { ...settings, onReady: timing?.begin, onDone: timing?.end }, io);
}
