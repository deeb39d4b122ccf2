/** What somebody who listens to an engine costs: CPU time with and without them, in turns within one process. */
import type { Engine } from 'cano';
import type { Measurement } from '../row.ts';

/** Starts to observe an engine. */
export type Observe = (engine: Engine) => unknown;

export interface Observed {
  /** Two engines that do the same; both announce their events to somebody who just keeps them. */
  readonly engines: readonly [plain: Engine, observed: Engine];
  readonly observe: Observe;
  /** Does the work of a turn. */
  readonly work: (engine: Engine) => Promise<void>;
  /** Transitions or executions in a turn. */
  readonly count: number;
  readonly turns: number;
}

const latest: { kept?: unknown; type?: unknown } = {};

/** @returns `value` is the added CPU time in µs of each of `count`; `also` has its share of what they take without */
export async function addedBy({ engines, observe, work, count, turns }: Observed): Promise<Measurement> {
  const [plain, observed] = engines;
  // Two who keep what they are told: who did nothing with it would be compiled away, and the events with him.
  for (const engine of engines) {
    engine.listen((event) => (latest.kept = event));
    engine.listen((event) => (latest.type = event.type));
  }
  observe(observed);
  for (const engine of engines) for (let turn = 0; turn < 3; turn += 1) await work(engine);
  const without: number[] = [];
  const added: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    // Who is first changes: what the one leaves to the collector of garbage, the other pays for.
    const [first, second] = turn % 2 === 0 ? [plain, observed] : [observed, plain];
    const times = new Map([
      [first, await cpuMicros(work, first)],
      [second, await cpuMicros(work, second)],
    ]);
    without.push((times.get(plain) ?? Number.NaN) / count);
    added.push(((times.get(observed) ?? Number.NaN) - (times.get(plain) ?? Number.NaN)) / count);
  }
  for (const engine of engines) await engine.close();
  const [value, base] = [median(added), median(without)];
  return { value, also: { 'µs without': base, '% added': (100 * value) / base } };
}

async function cpuMicros(work: Observed['work'], engine: Engine): Promise<number> {
  const before = process.cpuUsage();
  await work(engine);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
