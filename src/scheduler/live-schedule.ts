/**
 * One schedule at work: from fires to runs.
 *
 * Owns: what waits, its runs, its pauses and back-offs, what it remembers.
 * Does not own: where it stands in its plan (course.ts), how a run comes about (launch.ts), what a run does (the engine).
 *
 * S1 Every fire of the plan ends as exactly one of: a run, a skip with its reason, a miss. A paused or tripped schedule has
 *    no fires.
 * S2 A run is under way from the making of its store until its result has settled. Whatever ends it takes it out: none is
 *    shown as running after its end.
 * S3 Unless `overlap` is 'allow', at most one run is under way.
 * S4 Nothing that user code does (a store factory, onError) reaches another schedule.
 */
import type { Clock, Random } from '../core/clock.ts';
import { StoppedError } from '../core/errors.ts';
import { eventError, type SkipReason } from '../core/events.ts';
import { guarded } from '../core/listeners.ts';
import { delayOf } from '../core/retry.ts';
import type { Run } from '../definition/run.ts';
import type { ScheduleEventBody, SchedulerAnnouncer } from './announcer.ts';
import { Course } from './course.ts';
import type { Due } from './due-timer.ts';
import { ScheduleBusyError, SchedulerStoppedError, ScheduleTrippedError } from './errors.ts';
import { Launch, type EndStatus, type Ticket } from './launch.ts';
import { ScheduleRecord, type OpenEntry } from './record.ts';
import type { ScheduleSpec } from './spec.ts';
import type { Timeline } from './timeline.ts';
import type { RunPort, ScheduleState } from './types.ts';

/** What a schedule lives on. */
export interface ScheduleHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly timeline: Timeline;
  readonly port: RunPort;
  readonly announcer: SchedulerAnnouncer;
  readonly defaultStore: () => unknown;
  /** Its next due time has changed. */
  readonly moved: (schedule: LiveSchedule) => void;
  readonly ended: (schedule: LiveSchedule) => void;
}

export class LiveSchedule implements Due {
  heapIndex = -1;
  dueAt: number = Infinity;
  readonly order: number;
  readonly spec: ScheduleSpec;
  readonly record: ScheduleRecord = new ScheduleRecord();
  readonly #host: ScheduleHost;
  readonly #course: Course;
  readonly #active = new Set<Launch>();
  #waiting: Ticket[] = [];
  /** Fires that became a run or wait to. */
  #granted = 0;
  /** End of the back-off, on the monotonic clock. */
  #eligibleAt = -Infinity;
  #isOn = false;
  #isPaused = false;
  #isTripped = false;

  /** @param order of those that are due at the same time */
  constructor(spec: ScheduleSpec, host: ScheduleHost, order: number) {
    this.spec = spec;
    this.order = order;
    this.#host = host;
    this.#course = new Course(spec, host.timeline, host.random);
  }

  /** Fires from now on. */
  begin(): void {
    this.#isOn = true;
    this.#course.begin();
    this.#place();
  }

  /** Fires no more. What waits is let go of; returns how much that was. */
  halt(reason: 'removed' | 'stopped'): number {
    this.#isOn = false;
    this.#place();
    const waiting = this.#waiting.splice(0);
    for (const ticket of waiting) this.#refuse(ticket, reason);
    return waiting.length;
  }

  /** Cancels its runs and gives up on stores that are being made. */
  cancel(reason: Error): { readonly runIds: string[]; readonly givenUp: number } {
    const runIds: string[] = [];
    let givenUp = 0;
    for (const launch of this.#active) {
      if (launch.cancel(reason) === 'given_up') givenUp += 1;
      else runIds.push((launch.run as Run).id);
    }
    return { runIds, givenUp };
  }

  fire(): void {
    // Paused or removed by what was fired just before it.
    if (!this.#isFiring) return;
    const { timeline } = this.#host;
    const { calendar } = this.#course;
    const { fires, missed } = this.#course.take();
    this.#miss(missed);
    for (const { planned, due, isPunctual } of fires) {
      if (this.#isSpent) break;
      this.#submit({
        reason: isPunctual ? 'schedule' : 'catch_up',
        scheduledAt: timeline.convert(planned, calendar, 'machine'),
        due: timeline.toMonotonic(calendar, due),
      });
    }
    this.#place();
  }

  /** The machine's calendar was set by so much. */
  leapt(ms: number): void {
    this.#course.leapt(ms);
    this.#place();
  }

  /** Starts a run now, or when its turn comes. */
  trigger(given: { readonly store: unknown } | undefined): Promise<Run> {
    const { clock, timeline } = this.#host;
    return new Promise((resolve, reject) => {
      if (this.#isTripped) throw new ScheduleTrippedError(this.spec.id, this.record.failureStreak);
      const scheduledAt = timeline.now('machine');
      this.#submit({ reason: 'trigger', scheduledAt, due: clock.now(), given, resolve, reject });
    });
  }

  pause(): void {
    if (this.#isPaused) return;
    // What came due before and was not seen yet.
    if (this.#isFiring) {
      const { fires, missed } = this.#course.take();
      this.#miss(missed + fires.length);
    }
    this.#isPaused = true;
    this.#place();
    this.#announce({ type: 'schedule.changed', change: 'paused' });
  }

  resume(): void {
    if (!this.#isPaused && !this.#isTripped) return;
    this.#isPaused = false;
    if (this.#isTripped) {
      this.#isTripped = false;
      this.record.failureStreak = 0;
      this.#eligibleAt = -Infinity;
    }
    this.#announce({ type: 'schedule.changed', change: 'resumed' });
    this.#course.look();
    this.#place();
    this.#proceed();
  }

  get state(): ScheduleState {
    if (this.#isTripped) return 'tripped';
    if (this.#isPaused) return 'paused';
    if (this.#active.size > 0) return 'running';
    return this.#isBackingOff ? 'backoff' : 'idle';
  }

  get running(): number {
    return this.#active.size;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** In milliseconds since 1970; undefined outside of a back-off. */
  get backoffUntil(): number | undefined {
    const { clock, timeline } = this.#host;
    return this.#isBackingOff ? timeline.now('machine') + this.#eligibleAt - clock.now() : undefined;
  }

  /** The next times of its plan at which it will fire, in milliseconds since 1970. */
  nextFires(count: number): number[] {
    const left = Math.min(count, this.spec.maxRuns - this.#granted);
    return this.#isFiring ? this.#course.nextFires(left, this.backoffUntil ?? -Infinity) : [];
  }

  get #isBackingOff(): boolean {
    return this.#host.clock.now() < this.#eligibleAt;
  }

  get #isSpent(): boolean {
    return this.#granted >= this.spec.maxRuns;
  }

  get #isFiring(): boolean {
    return this.#isOn && !this.#isPaused && !this.#isTripped && !this.#isSpent;
  }

  #place(): void {
    this.dueAt = this.#isFiring ? this.#course.dueAt : Infinity;
    this.#host.moved(this);
  }

  #submit(ticket: Ticket): void {
    const isFire = ticket.reason !== 'trigger';
    if (isFire && this.#isTripped) return this.#refuse(ticket, 'tripped');
    if (isFire && this.#isBackingOff) return this.#refuse(ticket, 'backoff');
    const { overlap, queueLimit, id } = this.spec;
    const isFree = overlap === 'allow' || (this.#active.size === 0 && this.#waiting.length === 0);
    if (!isFree && overlap === 'skip') return this.#refuse(ticket, 'overlap');
    if (!isFree && overlap === 'queue' && this.#waiting.length >= queueLimit) return this.#refuse(ticket, 'queue_full');
    if (isFire) this.#granted += 1;
    if (isFree) return this.#start(ticket);
    const replaced = overlap === 'replace' ? this.#waiting.splice(0) : [];
    this.#waiting.push(ticket);
    for (const other of replaced) this.#refuse(other, 'replaced');
    if (overlap === 'replace') this.cancel(new StoppedError(`replaced by the next run of schedule '${id}'`));
    this.#proceed();
  }

  #miss(fires: number): void {
    if (fires === 0) return;
    this.record.misses += fires;
    this.#announce({ type: 'schedule.missed', fires });
  }

  #refuse(ticket: Ticket, reason: SkipReason): void {
    if (ticket.reason === 'trigger') {
      ticket.reject?.(this.#refusal(reason));
      return;
    }
    this.record.skips += 1;
    this.#announce({ type: 'schedule.skipped', reason, scheduledAt: ticket.scheduledAt });
  }

  #refusal(reason: SkipReason): Error {
    const { id, queueLimit } = this.spec;
    switch (reason) {
      case 'queue_full':
        return new ScheduleBusyError(id, `${queueLimit} runs wait already (queueLimit)`);
      case 'replaced':
        return new ScheduleBusyError(id, 'a later one took its place while it waited');
      case 'tripped':
        return new ScheduleTrippedError(id, this.record.failureStreak);
      case 'removed':
      case 'stopped':
        return new SchedulerStoppedError(`schedule '${id}' was ${reason} while the trigger waited for its turn`);
      default:
        return new ScheduleBusyError(
          id,
          "a run is under way; with overlap: 'queue' it would wait, with 'allow' run beside it",
        );
    }
  }

  #start(ticket: Ticket): void {
    const { clock, timeline, port, defaultStore } = this.#host;
    const { spec, record } = this;
    const entry = record.open(ticket.reason, ticket.scheduledAt, timeline.now('machine'));
    const launch: Launch = new Launch({
      ticket,
      spec,
      clock,
      port,
      defaultStore,
      onStarted: ({ id: runId }, latenessMs) => {
        record.started(entry, runId, timeline.now('machine'), latenessMs);
        const { reason, scheduledAt } = ticket;
        this.#announce({ type: 'schedule.started', runId, reason, scheduledAt, latenessMs });
      },
      onEnd: (status, state, error) => this.#end(launch, entry, status, state, error),
    });
    this.#active.add(launch);
    launch.begin();
  }

  #end(launch: Launch, entry: OpenEntry, status: EndStatus, state: string | undefined, thrown: unknown): void {
    this.#active.delete(launch);
    const durationMs = this.#host.clock.now() - launch.startedAt;
    const error = status === 'completed' ? undefined : eventError(thrown);
    this.record.ended(entry, { status, durationMs, state, error });
    const runId = launch.run?.id;
    this.#announce({
      type: 'schedule.finished',
      status,
      durationMs,
      ...(runId === undefined ? {} : { runId }),
      ...(error === undefined ? {} : { error }),
    });
    if (status === 'completed') this.#eligibleAt = -Infinity;
    if (status === 'failed' || status === 'timed_out') {
      this.#afterFailure();
      const { id: schedule, onError } = this.spec;
      if (onError !== undefined) guarded((failure) => onError(failure, { schedule, runId }), thrown);
    }
    this.#proceed();
    this.#host.ended(this);
  }

  #afterFailure(): void {
    const { tripAfter, backoff } = this.spec;
    const { failureStreak } = this.record;
    if (failureStreak >= tripAfter) {
      if (this.#isTripped) return;
      this.#isTripped = true;
      this.#place();
      this.#announce({ type: 'schedule.changed', change: 'tripped' });
      this.#letGo('tripped', () => true);
    } else if (backoff !== undefined) {
      const { clock, random } = this.#host;
      this.#eligibleAt = clock.now() + delayOf(backoff, failureStreak, random);
      this.#announce({ type: 'schedule.changed', change: 'backoff', until: this.backoffUntil ?? 0 });
      // Who triggered by hand is served.
      this.#letGo('backoff', ({ reason }) => reason !== 'trigger');
    }
  }

  #letGo(reason: SkipReason, concerns: (ticket: Ticket) => boolean): void {
    const refused = this.#waiting.filter(concerns);
    this.#waiting = this.#waiting.filter((ticket) => !concerns(ticket));
    for (const ticket of refused) this.#refuse(ticket, reason);
  }

  #proceed(): void {
    if (this.#active.size > 0 || !this.#isOn) return;
    // While it is paused only who triggers by hand is served.
    const at = this.#isPaused ? this.#waiting.findIndex(({ reason }) => reason === 'trigger') : 0;
    const [ticket] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (ticket !== undefined) this.#start(ticket);
  }

  #announce(body: ScheduleEventBody): void {
    this.#host.announcer.announce(this.spec, body);
  }
}
