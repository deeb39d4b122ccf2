/** What a schedule remembers: counts, durations, its last runs. */
import type { EventError, RunStatus, StartReason } from '../core/events.ts';
import type { ScheduledRun } from './types.ts';

const HISTORY = 50;

/** The entry of a run in the history, as long as it is under way. */
export interface OpenEntry {
  runId: string | undefined;
  readonly reason: StartReason;
  readonly scheduledAt: number;
  startedAt: number;
  latenessMs: number;
  status: RunStatus;
  state: string | undefined;
  durationMs: number | undefined;
  error: EventError | undefined;
}

export class ScheduleRecord {
  runs = 0;
  successes = 0;
  failures = 0;
  cancellations = 0;
  skips = 0;
  misses = 0;
  failureStreak = 0;
  lastStart: number | undefined;
  lastDurationMs: number | undefined;
  lastLatenessMs: number | undefined;
  lastError: EventError | undefined;
  #sumOfDurations = 0;
  readonly #history: OpenEntry[] = [];

  /** A run is about to start; both times in milliseconds since 1970. */
  open(reason: StartReason, scheduledAt: number, startedAt: number): OpenEntry {
    const entry: OpenEntry = {
      runId: undefined,
      reason,
      scheduledAt,
      startedAt,
      latenessMs: 0,
      status: 'pending',
      state: undefined,
      durationMs: undefined,
      error: undefined,
    };
    this.#history.push(entry);
    if (this.#history.length > HISTORY) this.#history.shift();
    this.runs += 1;
    return entry;
  }

  started(entry: OpenEntry, runId: string, startedAt: number, latenessMs: number): void {
    entry.runId = runId;
    entry.status = 'running';
    entry.startedAt = startedAt;
    entry.latenessMs = latenessMs;
    this.lastStart = startedAt;
    this.lastLatenessMs = latenessMs;
  }

  ended(
    entry: OpenEntry,
    end: {
      readonly status: 'completed' | 'failed' | 'cancelled' | 'timed_out';
      readonly durationMs: number;
      readonly state: string | undefined;
      readonly error: EventError | undefined;
    },
  ): void {
    Object.assign(entry, end);
    this.lastDurationMs = end.durationMs;
    this.#sumOfDurations += end.durationMs;
    switch (end.status) {
      case 'completed':
        this.successes += 1;
        this.failureStreak = 0;
        break;
      case 'cancelled':
        // Somebody wanted it to end: that says nothing about the workflow.
        this.cancellations += 1;
        break;
      default:
        this.failures += 1;
        this.failureStreak += 1;
        this.lastError = end.error;
    }
  }

  get averageDurationMs(): number | undefined {
    const ended = this.successes + this.failures + this.cancellations;
    return ended === 0 ? undefined : this.#sumOfDurations / ended;
  }

  history(): ScheduledRun[] {
    return this.#history.map(({ scheduledAt, startedAt, state, durationMs, error, ...rest }) => ({
      ...rest,
      scheduledAt: new Date(scheduledAt),
      startedAt: new Date(startedAt),
      ...(state === undefined ? {} : { state }),
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(error === undefined ? {} : { error }),
    }));
  }
}
