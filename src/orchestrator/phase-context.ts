/** What prep and post see beside the store. */
import type { LogLevel } from '../core/events.ts';
import type { AnalysedReport } from '../core/report.ts';
import type { PostContext } from '../definition/node.ts';
import type { Log } from '../node.ts';
import type { VisitScope } from './visit-scope.ts';

type PhaseScope = Omit<VisitScope, 'node'>;

/** Everything that costs is made when it is read. */
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

  report(): AnalysedReport {
    return this.#visit.run.report();
  }

  get log(): Log {
    const { run, place } = this.#visit;
    const { attempt } = this;
    const write =
      (level: LogLevel) =>
      (message: string, fields?: Readonly<Record<string, unknown>>): void =>
        run.announce(() => ({
          type: 'log',
          ...place,
          attempt,
          level,
          message,
          ...(fields === undefined ? {} : { fields }),
        }));
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  }
}
