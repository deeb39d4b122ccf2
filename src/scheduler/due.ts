/**
 * Which fires a late look at the clock still makes, and which it has missed. Pure.
 *
 * F1 Every fire of a plan is handed out once, as one that is made or as one that is missed, in the order of their times.
 */
import { next, type Plan } from './plan.ts';

/** A fire found at most so late is made, unless a later one of the same schedule is due as well. */
export const PUNCTUAL_MS = 60_000;
/** Fires looked at in one go: more wait for the next turn of the event loop, so that a long gap does not block it. */
const AT_ONCE = 1_000;
/** Misses of one gap that are counted one by one where that needs looking at each. */
const COUNTED = 100_000;

/** Where a schedule stands on its calendar. */
export interface Position {
  /** The next time of its plan; undefined when there is none. */
  readonly planned: number | undefined;
  /** Added to it by jitter, in milliseconds. */
  readonly delayMs: number;
  /** Fires in a row that were missed up to here. */
  readonly behind: number;
}

export interface DueFire {
  readonly planned: number;
  /** When it was to start: `planned` and its jitter. */
  readonly due: number;
  /** False when only the catch-up window lets it be made: a later one is due as well, or it is very late. */
  readonly isPunctual: boolean;
}

export interface DueFires {
  readonly fires: readonly DueFire[];
  readonly missed: number;
  readonly position: Position;
}

/**
 * Takes what is due off a plan.
 *
 * @param now on the plan's calendar
 * @param catchUpMs fires found at most so late are made in any case
 * @param drawDelay the jitter of the next fire, in milliseconds
 */
export function takeDue(plan: Plan, from: Position, now: number, catchUpMs: number, drawDelay: () => number): DueFires {
  const fires: DueFire[] = [];
  let missed = 0;
  let { planned, delayMs, behind } = from;
  for (let looked = 0; planned !== undefined && planned + delayMs <= now && looked < AT_ONCE; looked += 1) {
    const leap = plan.kind === 'interval' ? stepsToSkip(plan.everyMs, planned, now, catchUpMs) : 0;
    if (leap > 0 && plan.kind === 'interval') {
      missed += leap;
      // Aimed between two points: the sum is not exactly one of them.
      planned = next(plan, planned + (leap - 0.5) * plan.everyMs);
      continue;
    }
    const due: number = planned + delayMs;
    const following = next(plan, planned);
    const isLast = following === undefined || following > now;
    const isPunctual = isLast && now - due <= PUNCTUAL_MS;
    if (isPunctual || now - due <= catchUpMs) {
      fires.push({ planned, due, isPunctual });
      behind = 0;
    } else {
      missed += 1;
      behind += 1;
    }
    planned = behind > COUNTED ? next(plan, now - Math.max(catchUpMs, PUNCTUAL_MS)) : following;
    if (behind > COUNTED) behind = 0;
    delayMs = planned === undefined ? 0 : drawDelay();
  }
  return { fires, missed, position: { planned, delayMs, behind } };
}

/** Fires of a grid that are out of reach of every rule and need no look: all but those of the catch-up window and the last. */
function stepsToSkip(everyMs: number, planned: number, now: number, catchUpMs: number): number {
  return Math.max(0, Math.floor((now - Math.max(catchUpMs, everyMs) - planned) / everyMs) - 1);
}
