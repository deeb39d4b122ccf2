/** Going from state to state on the main thread, timed by tinybench: far too short for a process of its own. */
import { Bench } from 'tinybench';
import type { Measurement } from '../row.ts';
import type { WorkflowEngine } from '../workflow-engine.ts';

/** @returns `value` is the mean time per transition in µs, over runs of a whole chain */
export async function transitions(engine: WorkflowEngine, length: number, timeMs: number): Promise<Measurement> {
  const go = engine.chain(length);
  let submitted = 0;
  let wrong = 0;
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 2, throws: true });
  bench.add(engine.name, async () => {
    submitted += 1;
    if ((await go()) !== length) wrong += 1;
  });
  const cpuBefore = process.cpuUsage();
  const [task] = await bench.run();
  const cpu = process.cpuUsage(cpuBefore);
  const { result } = task ?? {};
  if (result?.state !== 'completed') throw new Error(`tinybench did not complete: ${result?.state ?? 'no result'}`);
  return {
    value: (result.latency.mean * 1_000) / length,
    cpuMicros: (cpu.user + cpu.system) / submitted / length,
    latency: { p50: result.latency.p50, p99: result.latency.p99 },
    counts: { submitted, completed: submitted - wrong, wrong, failed: 0, lost: 0, duplicated: -1 },
  };
}
