/** A schedule as its user declared it, checked. */
import { toMs } from '../core/duration.ts';
import type { Duration } from '../core/duration.ts';
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import { retry, type RetryPolicy } from '../core/retry.ts';
import type { AnyWorkflow } from '../definition/workflow.ts';
import type { MaybePromise } from '../definition/node.ts';
import { parseCron, type CronExpression } from './cron.ts';
import type { Plan } from './plan.ts';
import type { Calendar, Timeline } from './timeline.ts';
import type { BackoffOptions, CronOptions, Fire, OverlapPolicy, ScheduleOptions } from './types.ts';

const OVERLAPS: readonly OverlapPolicy[] = ['skip', 'queue', 'allow', 'replace'];
const DEFAULT_QUEUE_LIMIT = 100;
const MAX_ID_LENGTH = 200;

export type Timing =
  | { readonly kind: 'manual' }
  | { readonly kind: 'interval'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly cron: CronExpression };

export interface ScheduleSpec {
  readonly id: string;
  readonly workflow: AnyWorkflow;
  readonly timing: Timing;
  /** Undefined: an empty MemoryStore. */
  readonly makeStore: ((fire: Fire) => MaybePromise<unknown>) | undefined;
  readonly overlap: OverlapPolicy;
  readonly queueLimit: number;
  readonly catchUpMs: number;
  readonly jitterMs: number;
  readonly startAt: number | undefined;
  readonly endAt: number | undefined;
  readonly maxRuns: number;
  readonly backoff: RetryPolicy | undefined;
  readonly tripAfter: number;
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
  readonly onError: ScheduleOptions['onError'];
}

/** @throws InvalidOptionError naming the schedule, the option and its value */
export function checkId(id: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH) return id;
  throw new InvalidOptionError(
    `the id of a schedule must be a string of 1 to ${MAX_ID_LENGTH} characters, got ${describeValue(id)}`,
  );
}

/** @throws InvalidOptionError */
export function intervalOf(id: string, value: unknown, unit: string, unitMs: number): Timing {
  const at = `schedule '${id}'`;
  const everyMs = unit === '' ? toMs(value as Duration, `${at}: the interval`) : Number(value) * unitMs;
  const isNumber = unit === '' || typeof value === 'number';
  if (isNumber && Number.isFinite(everyMs) && everyMs >= 1 && everyMs <= Number.MAX_SAFE_INTEGER) {
    return { kind: 'interval', everyMs };
  }
  const given = unit === '' ? describeValue(value) : `${describeValue(value)} ${unit}`;
  throw new InvalidOptionError(`${at}: the interval must be at least 1 ms, got ${given}`);
}

/** @throws InvalidOptionError */
export function cronOf(id: string, expression: unknown, timezone: unknown): Timing {
  return { kind: 'cron', cron: parseCron(`schedule '${id}'`, expression, timezone) };
}

/** @throws InvalidOptionError when an option cannot be used; InvalidWorkflowError when the workflow does not hold together */
export function checkSpec(id: string, workflow: AnyWorkflow, timing: Timing, options: CronOptions = {}): ScheduleSpec {
  const at = `schedule '${id}'`;
  if (typeof (workflow as { definition?: unknown } | undefined)?.definition !== 'object') {
    throw new InvalidOptionError(`${at}: its workflow must be a Workflow, got ${describeValue(workflow)}`);
  }
  workflow.validate();
  const { store, overlap = 'skip', onError, timeout, startAt, endAt, backoff } = options;
  refuseUnless(OVERLAPS.includes(overlap), at, `overlap must be one of ${OVERLAPS.join(', ')}`, overlap);
  refuseUnless(
    store === undefined || typeof store === 'function',
    at,
    'store must be a function that makes one',
    store,
  );
  refuseUnless(onError === undefined || typeof onError === 'function', at, 'onError must be a function', onError);
  refuseUnless(
    options.priority === undefined || Number.isFinite(options.priority),
    at,
    'priority must be a number',
    options.priority,
  );
  refuseUnless(
    timing.kind === 'cron' || options.timezone === undefined,
    at,
    'timezone has a meaning for cron only: it must be left out',
    options.timezone,
  );
  const jitterMs = toMs(options.jitter ?? 0, `${at}: jitter`);
  const isShort = timing.kind !== 'interval' || jitterMs < timing.everyMs;
  refuseUnless(isShort, at, 'jitter must be shorter than the interval', options.jitter);
  const [from, until] = [timeOf(at, 'startAt', startAt), timeOf(at, 'endAt', endAt)];
  refuseUnless(
    from === undefined || until === undefined || from <= until,
    at,
    'endAt must not be before startAt',
    endAt,
  );
  const timeoutMs = timeout === undefined ? undefined : toMs(timeout, `${at}: timeout`);
  refuseUnless(timeoutMs !== 0, at, 'timeout must be above 0', timeout);
  return {
    id,
    workflow,
    timing,
    makeStore: store,
    overlap,
    queueLimit: countOf(at, 'queueLimit', options.queueLimit ?? DEFAULT_QUEUE_LIMIT),
    catchUpMs: toMs(options.catchUp ?? 0, `${at}: catchUp`),
    jitterMs,
    startAt: from,
    endAt: until,
    maxRuns: options.maxRuns === undefined ? Infinity : countOf(at, 'maxRuns', options.maxRuns),
    backoff: backoff === undefined ? undefined : backoffOf(at, backoff),
    tripAfter: options.tripAfter === undefined ? Infinity : countOf(at, 'tripAfter', options.tripAfter),
    timeoutMs,
    priority: options.priority,
    onError,
  };
}

/** Lays the timing of a schedule on the calendars. Without `startAt` the grid of an interval starts now. */
export function planOf({ timing, startAt, endAt }: ScheduleSpec, timeline: Timeline): Plan {
  switch (timing.kind) {
    case 'manual':
      return timing;
    case 'cron':
      return { ...timing, from: startAt ?? -Infinity, until: endAt ?? Infinity };
    case 'interval': {
      const anchor = startAt === undefined ? timeline.now('steady') : timeline.convert(startAt, 'machine', 'steady');
      const until = endAt === undefined ? Infinity : timeline.convert(endAt, 'machine', 'steady');
      return { ...timing, anchor, until };
    }
    default:
      return timing satisfies never;
  }
}

export function calendarOf(timing: Timing): Calendar {
  return timing.kind === 'interval' ? 'steady' : 'machine';
}

/** As the user would say it. */
export function describeTiming(timing: Timing): string {
  switch (timing.kind) {
    case 'manual':
      return 'manual';
    case 'interval':
      return `every ${shortest(timing.everyMs)}`;
    case 'cron':
      return `cron ${timing.cron.text}${timing.cron.timezone === undefined ? '' : ` (${timing.cron.timezone})`}`;
    default:
      return timing satisfies never;
  }
}

function shortest(ms: number): string {
  for (const [unit, unitMs] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const) {
    if (ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}

function backoffOf(at: string, { initial = '1s', multiplier, max = '5m', jitter }: BackoffOptions): RetryPolicy {
  const name = `${at}: backoff`;
  return retry.exponential({
    baseDelay: toMs(initial, `${name}.initial`),
    maxDelay: toMs(max, `${name}.max`),
    ...(multiplier === undefined ? {} : { multiplier }),
    ...(jitter === undefined ? {} : { jitter }),
  });
}

function timeOf(at: string, option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const ms = value instanceof Date ? value.getTime() : Number.NaN;
  refuseUnless(Number.isFinite(ms), at, `${option} must be a valid Date`, value);
  return ms;
}

function countOf(at: string, option: string, value: number): number {
  refuseUnless(Number.isSafeInteger(value) && value >= 1, at, `${option} must be an integer >= 1`, value);
  return value;
}

function refuseUnless(isFine: boolean, at: string, rule: string, value: unknown): void {
  if (!isFine) throw new InvalidOptionError(`${at}: ${rule}, got ${describeValue(value)}`);
}
