/** The report in words, shared by the page and the card at the end of a run. */
import type { WallTime } from '../../core/accounts.ts';
import type { RunAnalysis } from '../../core/analysis.ts';
import { formatShare } from '../../core/format.ts';
import type { RunReport } from '../../core/report.ts';

/** What the entries of the wall time are called, in the order in which they are shown. */
export const WALL_WORDS: readonly { readonly key: keyof WallTime; readonly name: string; readonly about: string }[] = [
  { key: 'pending', name: 'before it began', about: 'waiting for room among other runs, or for the main thread' },
  { key: 'full', name: 'all threads', about: 'what the executions take with all threads busy' },
  { key: 'alone', name: 'one thread alone', about: 'an execution while the other threads did nothing for the run' },
  { key: 'uneven', name: 'uneven ends', about: 'threads of a batch or split without work before it is over' },
  { key: 'handover', name: 'hand-over', about: 'copying, queue and messages on the way to threads and back' },
  { key: 'main', name: 'main thread', about: 'prep, post and exec on the main thread, source and reduce of batches' },
  { key: 'backoff', name: 'back-off', about: 'waiting for a retry' },
  { key: 'stopping', name: 'stopping', about: 'executions that had been asked to stop, until they did' },
  { key: 'other', name: 'rest', about: 'between the visits, and what is not known' },
];

/** A share as a figure; `<1%` for what rounds to nothing. */
export function shareOf(share: number): string {
  return share > 0 && share < 0.005 ? '<1%' : formatShare(Math.min(1, share));
}

const NOTHING = 'Nothing stands out: no single change would save 3% of the wall time, and 5 ms.';

/** Why there is no advice, where there is none. */
export function withoutAdvice({ status, wallMs }: RunReport, { threads, wall }: RunAnalysis): string {
  if (status === 'pending' || status === 'running' || status === 'waiting')
    return 'The run goes on: what is worth doing can be said when it is over.';
  if (threads === 0) return 'Everything ran on the main thread (inline): on threads there would be something to say.';
  return wall.main < 0.5 * wallMs
    ? NOTHING
    : `The main thread had ${formatShare(Math.min(1, wall.main / wallMs))} of the time, in prep, post and exec; beside that nothing stands out.`;
}
