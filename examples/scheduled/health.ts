/** A look at the process, every ten seconds: how long its event loop makes people wait, how much memory it holds. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { nodeFor, Workflow, type MemoryStore } from '../../src/index.ts';

interface HealthSchema {
  loopDelayMs: number;
  memoryMb: number;
}

const MAX_LOOP_DELAY_MS = 200;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

const look = nodeFor<MemoryStore<HealthSchema>>()({
  name: 'look',
  outcomes: ['Healthy', 'Slow'],
  exec: () => {
    const loopDelayMs = delay.percentile(99) / 1e6;
    delay.reset();
    return { loopDelayMs, memoryMb: process.memoryUsage.rss() / 2 ** 20 };
  },
  post: (store, { loopDelayMs, memoryMb }, { log }) => {
    store.put('loopDelayMs', loopDelayMs);
    store.put('memoryMb', memoryMb);
    if (loopDelayMs <= MAX_LOOP_DELAY_MS) return 'Healthy';
    log.warn('the event loop is slow', { loopDelayMs });
    return 'Slow';
  },
});

export const health = new Workflow<'Look' | 'Healthy' | 'Slow', MemoryStore<HealthSchema>>('health', 'Look')
  .registerNode('Look', look)
  .addExitStates('Healthy', 'Slow');
