/** Delivers what schedules announce; costs a check when nobody listens. */
import { channel } from 'node:diagnostics_channel';
import type { Clock } from '../core/clock.ts';
import type { ScheduleEvent } from '../core/events.ts';
import { guarded, Listeners } from '../core/listeners.ts';
import type { ScheduleSpec } from './spec.ts';

/** `node:diagnostics_channel` name: all events of all schedulers of the process. */
export const SCHEDULER_CHANNEL = 'cano:scheduler';

const schedulerChannel = channel(SCHEDULER_CHANNEL);

/** Distributes `Omit` over a union. */
type Without<E, K extends PropertyKey> = E extends unknown ? Omit<E, K> : never;

export type ScheduleEventBody = Without<ScheduleEvent, 'v' | 'at' | 'scheduler' | 'schedule' | 'workflow'>;

export class SchedulerAnnouncer {
  readonly #name: string;
  readonly #clock: Clock;
  readonly listeners: Listeners<ScheduleEvent> = new Listeners();

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  announce({ id, workflow }: ScheduleSpec, body: ScheduleEventBody): void {
    if (this.listeners.isEmpty && !schedulerChannel.hasSubscribers) return;
    const head = { v: 1, at: this.#clock.now(), scheduler: this.#name, schedule: id, workflow: workflow.name } as const;
    const event: ScheduleEvent = Object.assign(head, body);
    for (const listener of this.listeners) guarded(listener, event);
    if (schedulerChannel.hasSubscribers) schedulerChannel.publish(event);
  }
}
