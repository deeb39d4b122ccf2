/** How many were under way at once, as a counter over time. */
import { MAIN_TID, PID, type TraceEvent } from './event.ts';

/** A counter of more steps is drawn as means over as many equal parts of the time: more cannot be seen. */
const MOST = 4_000;

/** What counts one more from `start` to `end`. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * @param from before this nothing is known
 * @param unit what is counted, shown behind the name
 */
export function* counterOf(
  name: string,
  unit: string,
  intervals: Iterable<Interval>,
  from: number,
  to: number,
): Generator<TraceEvent> {
  const steps = stepsOf(intervals, from);
  for (const [ts, value] of steps.length > MOST ? means(steps, from, to) : steps) {
    yield { ph: 'C', pid: PID, tid: MAIN_TID, ts, name, args: { [unit]: value } };
  }
}

type Step = readonly [ts: number, value: number];

/** The value after each moment at which it changes. */
function stepsOf(intervals: Iterable<Interval>, from: number): Step[] {
  const changes: [number, number][] = [];
  for (const { start, end } of intervals) {
    // What begins and ends at one moment is never seen.
    if (end <= from || end <= start) continue;
    changes.push([Math.max(start, from), 1], [end, -1]);
  }
  changes.sort(([a], [b]) => a - b);
  const steps: Step[] = [[from, 0]];
  let value = 0;
  for (const [at, [ts, change]] of changes.entries()) {
    value += change;
    if (changes[at + 1]?.[0] === ts) continue;
    const [lastTs, lastValue] = steps.at(-1) as Step;
    if (lastTs === ts) steps.pop();
    if (lastTs === ts || lastValue !== value) steps.push([ts, value]);
  }
  return steps;
}

function means(steps: readonly Step[], from: number, to: number): Step[] {
  const end = Math.max(to, steps.at(-1)?.[0] ?? from);
  const width = (end - from) / MOST;
  const sums = new Float64Array(MOST + 1);
  for (const [index, [ts, value]] of steps.entries()) {
    const until = steps[index + 1]?.[0] ?? end;
    for (let at = ts; at < until;) {
      const part = Math.min(MOST, Math.floor((at - from) / width));
      const next = Math.min(until, from + (part + 1) * width);
      if (next <= at) break;
      sums[part] = (sums[part] as number) + value * (next - at);
      at = next;
    }
  }
  return Array.from({ length: MOST }, (_value, part): Step => {
    const ts = Math.round((from + part * width) * 8) / 8;
    return [ts, Math.round(((sums[part] as number) / width) * 100) / 100];
  });
}
