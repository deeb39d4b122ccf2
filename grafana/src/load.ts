/** Load for the example over its HTTP API, beside what its schedules do: what somebody tries who looks at the dashboards. */
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Serving } from './serving.ts';

const texts = fileURLToPath(new URL('../../examples', import.meta.url));

/** Ends when the signal says so, and when the runs that it has started are over. */
export async function loadUntil(signal: AbortSignal, serving: Serving): Promise<void> {
  const turns = async (turn: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) await turn();
  };
  await Promise.all([
    serving.trigger('upstream'),
    serving.trigger('report'),
    turns(() => serving.run('prices', { paths: 150_000 })),
    turns(() => serving.run('prices', { paths: 30_000 })),
    turns(async () => {
      await serving.trigger('corpus', { input: texts, out: './out-corpus', limit: 100 });
      await pause(signal);
    }),
  ]);
}

/** So that there are times with much of it, and times with little. */
function pause(signal: AbortSignal): Promise<void> {
  return setTimeout(8_000, undefined, { signal }).catch(() => {});
}
