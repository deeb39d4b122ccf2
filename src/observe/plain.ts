/**
 * Lines for logs and CI: one for every change of state, and one every few seconds for a batch under way.
 *
 * L1 At most `BURST` state changes are printed per second, so that a loop of states cannot flood a log; what was left out
 *    is counted in the next line.
 */
import type { BranchFinished, EngineEvent, JoinDecided, RunEvent, StateEntered, Transition } from '../core/events.ts';
import { renderEndCard } from './end-card.ts';
import { formatCount, formatElapsed, formatMs, formatRate, formatShare, plural } from './format.ts';
import { doneOf, labelOf } from './frame.ts';
import { RunModel } from './model.ts';
import { noteLines } from './notes.ts';
import type { Quantiles } from './quantiles.ts';
import type { Reporter, ReporterSetup } from './reporter.ts';
import { clean, paintColors, paintPlain, type Line, type Paint, type Style } from './text.ts';

const BURST = 20;
const BURST_MS = 1000;
const PROGRESS_EVERY_MS = 5000;
/** A log has no width; its sentences are broken to be read. */
const COLUMNS = 100;

export function plainReporter(setup: ReporterSetup): Reporter {
  return new PlainReporter(setup);
}

class PlainReporter implements Reporter {
  readonly wantsSummary = true;
  readonly #setup: ReporterSetup;
  readonly #model: RunModel;
  readonly #paint: Paint;
  #toldAt: number;
  #burstAt = -Infinity;
  #burst = 0;
  #skipped = 0;
  #stopped = false;

  constructor(setup: ReporterSetup) {
    this.#setup = setup;
    const now = setup.now();
    this.#model = new RunModel(setup.workflow, setup.outline, now);
    this.#toldAt = now;
    this.#paint = setup.colors.err ? paintColors : paintPlain;
  }

  update(event: RunEvent | EngineEvent): void {
    this.#model.update(event);
    if (this.#stopped) return;
    switch (event.type) {
      case 'run.started':
        this.#say(
          event.at,
          `${clean(event.workflow)} started on ${plural(this.#setup.threads, 'thread', 'threads')} (run ${clean(event.runId)})`,
          'bold',
        );
        break;
      case 'state.entered':
        this.#entered(event);
        break;
      case 'transition':
        this.#left(event);
        break;
      case 'branch.finished':
        if (event.status === 'failed') this.#branchFailed(event);
        break;
      case 'join.decided':
        this.#joined(event);
        break;
      case 'exec.finished':
      case 'progress':
        if (event.at - this.#toldAt >= PROGRESS_EVERY_MS) this.#progress(event.at);
        break;
      default:
        for (const line of noteLines(event, this.#setup.logLevel)) this.#write(line);
    }
  }

  notice(text: string): void {
    this.#say(this.#setup.now(), text, 'yellow');
  }

  stop(): void {
    this.#stopped = true;
  }

  finish(summary: readonly string[]): void {
    this.stop();
    const card = renderEndCard(this.#model, COLUMNS);
    for (const line of card.length === 0 ? [] : [[], ...card, []]) this.#write(line);
    for (const line of summary) this.#setup.out.write(`${line}\n`);
  }

  #entered(event: StateEntered): void {
    this.#toldAt = event.at;
    if (!this.#mayPrint(event.at)) return;
    const view = this.#model.find(event.state, undefined);
    const visits = view === undefined || view.visits < 2 ? '' : ` (visit ${formatCount(view.visits)} of this state)`;
    this.#say(event.at, `● ${labelOf(event)}${visits}${this.#takeSkipped()}`);
  }

  #left(event: Transition): void {
    this.#toldAt = event.at;
    if (!this.#mayPrint(event.at)) return;
    const view = this.#model.find(event.state, undefined);
    if (view === undefined) return;
    const facts = [
      ...(view.kind === 'batch' ? [plural(view.settled, 'item', 'items')] : []),
      ...quantiles(view.times),
      ...(view.retries > 0 ? [plural(view.retries, 'retry', 'retries')] : []),
      ...(view.failures > 0 ? [`${formatCount(view.failures)} failed`] : []),
    ];
    const mark = event.failed ? '✖' : '✔';
    const how = event.failed ? 'failed, on to' : '→';
    const after = ` in ${formatMs(event.at - view.enteredAt)}${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`;
    this.#say(event.at, `${mark} ${labelOf(event)} ${how} ${clean(event.to)}${after}${this.#takeSkipped()}`);
  }

  #branchFailed(event: BranchFinished): void {
    if (!this.#mayPrint(event.at)) return;
    const why = event.error === undefined ? '' : `: ${clean(event.error.message)}`;
    this.#say(event.at, `  ✖ ${labelOf(event)} failed${why}${this.#takeSkipped()}`);
  }

  #joined(event: JoinDecided): void {
    if (!this.#mayPrint(event.at)) return;
    const counts = (
      [
        ['completed', event.completed],
        ['failed', event.failed],
        ['cancelled', event.cancelled],
      ] as const
    )
      .filter(([, count]) => count > 0)
      .map(([how, count]) => `${formatCount(count)} ${how}`);
    const by = event.deadlinePassed ? ' by its deadline' : '';
    this.#say(
      event.at,
      `  ${labelOf(event)} join ${event.outcome.replace('_', ' ')}${by}: ${counts.join(', ')}${this.#takeSkipped()}`,
    );
  }

  #progress(at: number): void {
    this.#toldAt = at;
    const { current } = this.#model;
    if (current === undefined) return;
    const { total, settled } = current;
    const leftMs = this.#model.leftMs(at);
    const parts = [
      [doneOf(current), ...(total === undefined || total === 0 ? [] : [`(${formatShare(settled / total)})`])].join(' '),
      formatRate(this.#model.rate(at)),
      ...(leftMs === undefined ? [] : [`ETA ${formatElapsed(leftMs)}`]),
    ];
    this.#say(at, `  ${labelOf(current)} ${parts.join(' · ')}`);
  }

  #mayPrint(at: number): boolean {
    if (at - this.#burstAt >= BURST_MS) {
      this.#burstAt = at;
      this.#burst = 0;
    }
    this.#burst += 1;
    if (this.#burst <= BURST) return true;
    this.#skipped += 1;
    return false;
  }

  #takeSkipped(): string {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped === 0 ? '' : ` (${plural(skipped, 'line', 'lines')} left out)`;
  }

  #say(at: number, text: string, style?: Style): void {
    this.#write([
      { text: `[${formatElapsed(at - this.#model.startedAt).padStart(7)}] `, style: 'dim' },
      { text, style },
    ]);
  }

  #write(line: Line): void {
    this.#setup.err.write(`${this.#paint(line)}\n`);
  }
}

function quantiles(times: Quantiles): string[] {
  const [p50, p95] = [times.at(0.5), times.at(0.95)];
  if (p50 === undefined || p95 === undefined) return [];
  return times.count === 1 ? [`exec ${formatMs(p50)}`] : [`p50 ${formatMs(p50)}`, `p95 ${formatMs(p95)}`];
}
