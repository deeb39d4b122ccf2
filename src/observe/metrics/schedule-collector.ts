/** Counts what schedulers announce, and reads where their schedules stand at each scrape. */
import type { ScheduleEvent } from '../../core/events.ts';
import { FIRE_REASONS, RUN_STATUSES, SCHEDULE_STATES, SKIP_REASONS } from './catalogue.ts';
import type { Cell, HistogramCell } from './cells.ts';
import type { Families } from './families.ts';
import { Named } from './workflow-cells.ts';

/** What metrics are taken of, as far as they look at it. */
export interface ObservedScheduler {
  overview(): readonly { readonly id: string; readonly status: string; readonly nextFire?: Date }[];
}

class ScheduleCells {
  readonly misses: Cell;
  readonly lag: HistogramCell;
  readonly #families: Families;
  readonly #schedule: string;

  constructor(families: Families, schedule: string) {
    this.#families = families;
    this.#schedule = schedule;
    this.misses = families.of('cano_scheduler_misses_total').child(schedule);
    this.lag = families.of('cano_scheduler_lag_seconds').child(schedule);
    for (const reason of FIRE_REASONS) this.fires(reason);
    for (const reason of SKIP_REASONS) this.skips(reason);
    for (const status of RUN_STATUSES) this.runs(status);
  }

  fires(reason: string): Cell {
    return this.#families.of('cano_scheduler_fires_total').child(this.#schedule, reason);
  }

  skips(reason: string): Cell {
    return this.#families.of('cano_scheduler_skips_total').child(this.#schedule, reason);
  }

  runs(status: string): Cell {
    return this.#families.of('cano_scheduler_runs_total').child(this.#schedule, status);
  }
}

export class ScheduleCollector {
  readonly #families: Families;
  readonly #schedules: Named<ScheduleCells>;
  readonly #schedulers: ObservedScheduler[] = [];

  constructor(families: Families) {
    this.#families = families;
    this.#schedules = new Named(families, 'schedule', (schedule) => new ScheduleCells(families, schedule));
  }

  add(scheduler: ObservedScheduler): void {
    this.#schedulers.push(scheduler);
    for (const { id } of scheduler.overview()) this.#schedules.of(id);
  }

  take(event: ScheduleEvent): void {
    const cells = this.#schedules.of(event.schedule);
    switch (event.type) {
      case 'schedule.started':
        cells.fires(event.reason).value += 1;
        // Who triggers a run has planned no time for it.
        if (event.reason !== 'trigger') cells.lag.observe(event.latenessMs / 1_000);
        break;
      case 'schedule.finished':
        cells.runs(event.status).value += 1;
        break;
      case 'schedule.skipped':
        cells.skips(event.reason).value += 1;
        break;
      case 'schedule.missed':
        cells.misses.value += event.fires;
        break;
      case 'schedule.changed':
        break;
      default:
        event satisfies never;
    }
  }

  refresh(): void {
    if (this.#schedulers.length === 0) return;
    const all = this.#schedulers.flatMap((scheduler) => scheduler.overview());
    const states = this.#families.of('cano_scheduler_schedules');
    for (const state of SCHEDULE_STATES) {
      states.child(state).value = all.filter(({ status }) => status === state).length;
    }
    const next = this.#families.of('cano_scheduler_next_fire_timestamp_seconds');
    next.clear();
    for (const { id, nextFire } of all) {
      if (nextFire !== undefined && this.#schedules.has(id)) next.child(id).value = nextFire.getTime() / 1_000;
    }
  }
}
