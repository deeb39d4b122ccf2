/** What holding schedules costs, and how late they start. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measurement } from '../row.ts';
import type { Holder, SchedulerContender } from '../schedulers.ts';
import { percentile } from '../stats.ts';

const SETTLE_MS = 1_000;

const now = (): number => performance.timeOrigin + performance.now();

/** Half cron, half intervals of at least ten minutes; none is due within the next hours. */
function fill(holder: Holder, count: number): void {
  const hour = new Date().getHours();
  for (let id = 0; id < count; id += 1) {
    if (id % 2 === 0) holder.cron(id, `${id % 60} ${(hour + 6 + (id % 12)) % 24} * * *`);
    else holder.interval(id, 600_000 + id * 100);
  }
}

/** @returns `value` is the CPU time of the process in percent of a core, while nothing is due */
export async function idleSchedules(
  contender: SchedulerContender,
  count: number,
  windowMs: number,
): Promise<Measurement> {
  const holder = contender.open(() => {
    throw new Error('nothing is due');
  });
  fill(holder, count);
  await holder.start();
  await sleep(SETTLE_MS);
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  await sleep(windowMs);
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - wall;
  const { heapUsed } = process.memoryUsage();
  await holder.stop();
  return { value: (user + system) / 10 / wallMs, also: { 'heap MB': heapUsed / 2 ** 20 } };
}

/** @returns `value` is the time in µs to add a schedule and to remove it again, of so many */
export async function addAndRemove(contender: SchedulerContender, count: number): Promise<Measurement> {
  const holder = contender.open(() => {});
  await holder.start();
  const start = performance.now();
  fill(holder, count);
  const added = performance.now();
  for (let id = 0; id < count; id += 1) holder.remove(id);
  const removed = performance.now();
  await holder.stop();
  const each = (ms: number): number => (ms * 1_000) / count;
  return {
    value: each(removed - start),
    also: { 'µs to add': each(added - start), 'µs to remove': each(removed - added) },
  };
}

/**
 * Cron schedules of which each has a second of the minute: so many of them fall due at once, every second.
 *
 * @returns `value` is p99 of the time from the second to the start of the work, in ms
 */
export async function lateness(contender: SchedulerContender, count: number, seconds: number): Promise<Measurement> {
  const late: number[] = [];
  const fired = new Map<number, number>();
  let from = Infinity;
  const holder = contender.open((id) => {
    const at = now();
    // The second of the minute that it is for, in the minute that lies nearest.
    const due = Math.round((at / 1_000 - (id % 60)) / 60) * 60_000 + (id % 60) * 1_000;
    if (due < from || due >= from + seconds * 1_000) return;
    late.push(at - due);
    fired.set(id, (fired.get(id) ?? 0) + 1);
  });
  for (let id = 0; id < count; id += 1) holder.cron(id, `${id % 60} * * * * *`);
  await holder.start();
  from = (Math.floor(now() / 1_000) + 2) * 1_000;
  await sleep(from + seconds * 1_000 + 500 - now());
  await holder.stop();
  const dueSeconds = new Set(Array.from({ length: seconds }, (_value, n) => (from / 1_000 + n) % 60));
  const submitted = Array.from({ length: count }, (_value, id) => id).filter((id) => dueSeconds.has(id % 60)).length;
  const duplicated = [...fired.values()].filter((times) => times > 1).length;
  return {
    value: percentile(late, 99),
    latency: { p50: percentile(late, 50), p99: percentile(late, 99) },
    counts: { submitted, completed: fired.size, wrong: 0, failed: 0, lost: submitted - fired.size, duplicated },
    also: { 'max ms': Math.max(...late) },
  };
}
