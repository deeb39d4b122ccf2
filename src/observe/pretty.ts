/**
 * The live picture on a terminal.
 *
 * P1 At most `FRAMES_PER_SECOND` draws per second; a frame equal to the last one is not written.
 * P2 Nothing but the block is lost: text that others write while the block lives is printed above it, complete lines as
 *    they come, the rest at the end.
 */
import type { EngineEvent, RunEvent } from '../core/events.ts';
import { renderEndCard } from './end-card.ts';
import { renderFrame, type Size } from './frame.ts';
import { guardStream, type Guard, type GuardedStream } from './guard.ts';
import { LiveBlock } from './live-block.ts';
import { RunModel } from './model.ts';
import { noteLines } from './notes.ts';
import type { Reporter, ReporterSetup, Sink } from './reporter.ts';
import { fit, paintColors, paintPlain, type Paint } from './text.ts';

const FRAMES_PER_SECOND = 12;
/** Sentences are broken here at the latest. */
const MAX_COLUMNS = 110;
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };

export function prettyReporter(setup: ReporterSetup): Reporter {
  return new PrettyReporter(setup);
}

class PrettyReporter implements Reporter {
  readonly wantsSummary = true;
  readonly #setup: ReporterSetup;
  readonly #model: RunModel;
  readonly #paint: Paint;
  readonly #block: LiveBlock;
  readonly #guards: Guard[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #restore = (): void => this.stop();
  // Ctrl-Z: the shell gets its cursor back, and the next frame after `fg` is drawn below.
  readonly #suspend = (): void => {
    this.#block.close(true);
    process.kill(process.pid, 'SIGSTOP');
  };
  /** Text of others that does not end in a line break yet, by stream. */
  readonly #partial = new Map<Sink, string>();
  #above = '';
  #stopped = false;

  constructor(setup: ReporterSetup) {
    this.#setup = setup;
    this.#model = new RunModel(setup.workflow, setup.outline, setup.now());
    this.#paint = setup.colors.err ? paintColors : paintPlain;
    const write = this.#guard(setup.err);
    // What goes to a file is not in the way of the block.
    if (setup.out.isTTY === true && setup.out !== setup.err) this.#guard(setup.out);
    this.#block = new LiveBlock(write, () => this.#size().columns, this.#paint);
    this.#timer = setInterval(() => this.#draw(), 1000 / FRAMES_PER_SECOND);
    this.#timer.unref();
    // An uncaught error ends the process without asking anybody; it is printed between these two.
    process.once('uncaughtExceptionMonitor', this.#restore);
    if (process.platform !== 'win32') process.on('SIGTSTP', this.#suspend);
    process.once('exit', this.#restore);
  }

  update(event: RunEvent | EngineEvent): void {
    this.#model.update(event);
    if (this.#stopped) return;
    for (const line of noteLines(event, this.#setup.logLevel))
      this.#above += `${this.#paint(fit(line, this.#size().columns * 4))}\n`;
  }

  notice(text: string): void {
    this.#model.notice = text;
    this.#draw();
  }

  stop(): void {
    if (this.#stopped) return;
    // The last frame stays when the run has not come to its end: it shows where it stood.
    const isOver = this.#model.report !== undefined;
    for (const [sink, text] of this.#partial) if (text !== '') this.#divert(sink, '\n');
    if (isOver) this.#flushAbove();
    else this.#draw();
    this.#block.close(!isOver);
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const guard of this.#guards) guard.release();
    process.off('uncaughtExceptionMonitor', this.#restore);
    process.off('exit', this.#restore);
    process.off('SIGTSTP', this.#suspend);
  }

  finish(summary: readonly string[]): void {
    this.stop();
    const { columns } = this.#size();
    const card = renderEndCard(this.#model, Math.min(MAX_COLUMNS, columns)).map(
      (line) => `${this.#paint(fit(line, columns - 1))}\n`,
    );
    if (card.length > 0) this.#setup.err.write(`\n${card.join('')}\n`);
    for (const line of summary) this.#setup.out.write(` ${line}\n`);
  }

  #guard(sink: Sink): (text: string) => void {
    const guard = guardStream(sink as unknown as GuardedStream, (text) => this.#divert(sink, text));
    this.#guards.push(guard);
    return guard.write;
  }

  #divert(sink: Sink, text: string): void {
    const all = (this.#partial.get(sink) ?? '') + text;
    const end = all.lastIndexOf('\n') + 1;
    this.#above += all.slice(0, end);
    this.#partial.set(sink, all.slice(end));
  }

  #flushAbove(): void {
    if (this.#above === '') return;
    const text = this.#above;
    this.#above = '';
    this.#block.print(text);
  }

  #draw(): void {
    if (this.#stopped) return;
    const now = this.#setup.now();
    this.#flushAbove();
    this.#model.look(this.#setup.look(), now);
    this.#block.draw(renderFrame(this.#model, now, this.#size()));
  }

  // Asked for at every draw: the signal that tells of a new size comes late, and a frame drawn for the old one in between
  // takes other rows than it was counted to.
  #size(): Size {
    // oxlint-disable-next-line no-underscore-dangle -- Node's name for it
    this.#setup.err._refreshSize?.();
    const { columns, rows } = this.#setup.err;
    return { columns: columns || DEFAULT_SIZE.columns, rows: rows || DEFAULT_SIZE.rows };
  }
}
