/**
 * The runs that a server can tell of: those under way, and the last ones that have ended.
 *
 * B1 At most `limit` ended runs are kept; the oldest go first, and how many have gone is counted.
 */
import type { Engine, Run, RunReport } from '../index.ts';

/** What became known of a run besides its report. */
export interface RunOrigin {
  readonly schedule?: string;
  /** What it was started with through the API. */
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface RunEntry extends RunOrigin {
  readonly report: RunReport;
  readonly state: string;
  readonly error: { readonly name: string; readonly message: string; readonly code?: string } | undefined;
}

interface Finished {
  readonly type: 'run.finished';
  readonly runId: string;
  readonly state: string;
  readonly error?: RunEntry['error'];
  readonly report: RunReport;
}

export class RunBook {
  readonly limit: number;
  /** Ended runs that are not kept any more. */
  dropped = 0;
  readonly #engine: Engine;
  readonly #ended = new Map<string, RunEntry>();
  readonly #origins = new Map<string, RunOrigin>();

  constructor(engine: Engine, limit: number) {
    this.#engine = engine;
    this.limit = limit;
  }

  /** Where a run comes from; said after its start, when it may have ended already. */
  note(runId: string, origin: RunOrigin): void {
    const ended = this.#ended.get(runId);
    if (this.live(runId) !== undefined) this.#origins.set(runId, { ...this.#origins.get(runId), ...origin });
    else if (ended !== undefined) this.#ended.set(runId, { ...ended, ...origin });
  }

  ended({ runId, state, error, report }: Finished): void {
    const origin = this.#origins.get(runId);
    this.#origins.delete(runId);
    // One with an id that was used before takes its place.
    this.#ended.delete(runId);
    this.#ended.set(runId, { report, state, error, ...origin });
    if (this.#ended.size <= this.limit) return;
    const [oldest] = this.#ended.keys();
    this.#ended.delete(oldest as string);
    this.dropped += 1;
  }

  find(runId: string): RunEntry | undefined {
    const live = this.live(runId);
    return live === undefined ? this.#ended.get(runId) : this.#entryOf(live);
  }

  live(runId: string): Run | undefined {
    return this.#engine.runs().find(({ id }) => id === runId);
  }

  /** All, the latest start first. */
  all(): RunEntry[] {
    const live = this.#engine.runs().map((run) => this.#entryOf(run));
    const ids = new Set(live.map(({ report }) => report.runId));
    const ended = [...this.#ended.values()].filter(({ report }) => !ids.has(report.runId));
    return [...ended, ...live].toSorted(
      (a, b) => b.report.startedAt - a.report.startedAt || (a.report.runId < b.report.runId ? 1 : -1),
    );
  }

  #entryOf(run: Run): RunEntry {
    return { report: run.report(), state: run.state, error: undefined, ...this.#origins.get(run.id) };
  }
}
