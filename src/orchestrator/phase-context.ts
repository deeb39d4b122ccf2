/** What prep and post see beside the store. */
import { createLog, type Log } from '../core/log.ts';
import type { AnalysedReport } from '../core/report.ts';
import type { PostContext } from '../definition/node.ts';
import { announceNote } from './attempt.ts';
import type { VisitScope } from './visit-scope.ts';

type PhaseScope = Omit<VisitScope, 'node'>;

/** Everything that costs is made when it is read, and nothing needs `this`: nodes take it off their context. */
export class PhaseContext implements PostContext {
  readonly #visit: PhaseScope;
  readonly attempt: number;
  readonly input: unknown;

  constructor(visit: PhaseScope) {
    this.#visit = visit;
    this.attempt = visit.attempt;
    this.input = visit.input;
  }

  get services(): unknown {
    return this.#visit.engine.services;
  }

  get runId(): string {
    return this.#visit.run.id;
  }

  get visit(): number {
    return this.#visit.place.visit;
  }

  get signal(): AbortSignal {
    return this.#visit.scope.signal;
  }

  get lastError(): unknown {
    return this.#visit.run.lastError;
  }

  get report(): () => AnalysedReport {
    return () => this.#visit.run.report();
  }

  get log(): Log {
    const { run, place, engine } = this.#visit;
    const { attempt } = this;
    return createLog(engine.logs, (level, message, fields) =>
      announceNote(run, place, undefined, -1, attempt, ['log', level, message, fields]),
    );
  }
}
