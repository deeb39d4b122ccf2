/**
 * The bare loop of a pipeline's own work, as `cano bench` sees it: a process that has the inputs and measures when asked.
 *
 * O1 When it cannot be measured there is a reason, and none of its figures; the benchmark goes on.
 * O2 Whatever it has started ends with it.
 */
import type { ChildProcess } from 'node:child_process';
import { formatMs } from '../../observe/format.ts';
import { signalRun, spawnRun, type RunProcessOptions } from '../timed-run.ts';
import { OWN_LOOP_MARK, type FromLoop, type OwnWork, type ToLoop } from './own-loop-server.ts';

/** What the loop goes over, or why there is none. */
export type OwnLoopResult = OwnWork | { readonly why: string };

export class OwnLoop {
  readonly #child: ChildProcess;
  readonly #timeoutMs: number;
  #result: OwnLoopResult = { why: 'its inputs were not taken' };

  private constructor(child: ChildProcess, timeoutMs: number) {
    this.#child = child;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Starts the process and has it take the inputs.
   *
   * @param options with the most threads that the loop will have
   * @param timeoutMs for the inputs, and for each loop
   * @param onChild told of the process as soon as there is one
   */
  static async start(
    options: RunProcessOptions & { readonly threads: number },
    timeoutMs: number,
    onChild: (child: ChildProcess) => void,
  ): Promise<OwnLoop> {
    const child = spawnRun(options, OWN_LOOP_MARK);
    child.stderr?.resume();
    // At once: later its id may be that of another one.
    child.once('exit', () => signalRun(child, 'SIGKILL'));
    onChild(child);
    const own = new OwnLoop(child, timeoutMs);
    const answer = await own.#answer('taking its inputs');
    if (answer.type === 'ready') own.#result = answer.work;
    else own.#giveUp(answer);
    return own;
  }

  get result(): OwnLoopResult {
    return this.#result;
  }

  /** Milliseconds that the loop takes on so many fresh threads; undefined when it cannot be measured. */
  async on(threads: number): Promise<number | undefined> {
    if ('why' in this.#result) return undefined;
    const answer = this.#answer('going over its inputs');
    const message: ToLoop = { threads };
    this.#child.send(message);
    const told = await answer;
    if (told.type === 'took') return told.ms;
    this.#giveUp(told);
    return undefined;
  }

  end(): void {
    // It is idle, or stuck in code of the user's.
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) signalRun(this.#child, 'SIGKILL');
  }

  #giveUp(answer: FromLoop): void {
    this.#result = { why: answer.type === 'failed' ? answer.why : `its process said '${answer.type}', unasked` };
    this.end();
  }

  #answer(what: string): Promise<FromLoop> {
    const child = this.#child;
    return new Promise((resolve) => {
      const settle = (message: FromLoop): void => {
        clearTimeout(timer);
        child.off('message', settle).off('exit', exited).off('error', failed);
        resolve(message);
      };
      const exited = (code: number | null, signal: string | null): void =>
        settle({ type: 'failed', why: `its process ended with ${code === null ? signal : `exit code ${code}`}` });
      const failed = (error: Error): void => settle({ type: 'failed', why: error.message });
      const timer = setTimeout(
        () => settle({ type: 'failed', why: `${what} took longer than ${formatMs(this.#timeoutMs)}` }),
        this.#timeoutMs,
      );
      child.on('message', settle).on('exit', exited).on('error', failed);
    });
  }
}
