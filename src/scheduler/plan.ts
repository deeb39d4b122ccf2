/** When a schedule fires, as data, and the pure rule that reads it. */
import type { CronExpression } from './cron.ts';

/**
 * Times are milliseconds since 1970. Those of an interval are on the steady calendar, those of a cron expression on that of
 * the machine (timeline.ts); `from` and `until` are on the one that the plan uses.
 */
export type Plan =
  | { readonly kind: 'manual' }
  | {
      readonly kind: 'interval';
      readonly everyMs: number;
      /** A point of the grid: it fires at `anchor + k * everyMs` for all k >= 0. */
      readonly anchor: number;
      readonly until: number;
    }
  | { readonly kind: 'cron'; readonly cron: CronExpression; readonly from: number; readonly until: number };

/** The first fire after `after`; undefined when there is none. Pure. */
export function next(plan: Plan, after: number): number | undefined {
  const at = unbounded(plan, after);
  return at === undefined || plan.kind === 'manual' || at > plan.until ? undefined : at;
}

function unbounded(plan: Plan, after: number): number | undefined {
  switch (plan.kind) {
    case 'manual':
      return undefined;
    case 'interval':
      return nextOnGrid(plan.anchor, plan.everyMs, after);
    case 'cron':
      // `from` itself may be a fire, and the next is after what it is given.
      return plan.cron.next(Math.max(after, plan.from - 1));
    default:
      return plan satisfies never;
  }
}

function nextOnGrid(anchor: number, everyMs: number, after: number): number {
  if (after < anchor) return anchor;
  // Multiplied, not added up: no error grows. The division may be off by one in its last digit, in both directions.
  let at = after;
  for (let step = Math.floor((after - anchor) / everyMs); at <= after; step += 1) at = anchor + step * everyMs;
  return at;
}

/** The next fires after `after`, at most `count`. */
export function upcoming(plan: Plan, after: number, count: number): number[] {
  const fires: number[] = [];
  for (let at = next(plan, after); at !== undefined && fires.length < count; at = next(plan, at)) fires.push(at);
  return fires;
}
