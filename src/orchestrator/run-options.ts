/** Checks the options of a run. */
import { toMs } from '../core/duration.ts';
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import type { RunOptions } from '../definition/run.ts';

/** @throws InvalidOptionError with the name of the option and its value */
export function checkRunOptions(options: RunOptions): {
  readonly timeoutMs: number | undefined;
  readonly maxTransitions: number | undefined;
} {
  const { signal, runId, timeout, priority, onEvent, maxTransitions } = options;
  refuseUnless(signal === undefined || signal instanceof AbortSignal, 'signal must be an AbortSignal', signal);
  refuseUnless(
    runId === undefined || (typeof runId === 'string' && runId !== ''),
    'runId must be a string that is not empty',
    runId,
  );
  refuseUnless(priority === undefined || Number.isFinite(priority), 'priority must be a number', priority);
  refuseUnless(onEvent === undefined || typeof onEvent === 'function', 'onEvent must be a function', onEvent);
  const isCount = Number.isSafeInteger(maxTransitions) && (maxTransitions as number) >= 1;
  refuseUnless(maxTransitions === undefined || isCount, 'maxTransitions must be an integer >= 1', maxTransitions);
  const timeoutMs = timeout === undefined ? undefined : toMs(timeout, 'timeout of a run');
  refuseUnless(timeoutMs !== 0, 'timeout must be above 0', timeout);
  return { timeoutMs, maxTransitions };
}

function refuseUnless(isFine: boolean, rule: string, value: unknown): void {
  if (!isFine) throw new InvalidOptionError(`run option ${rule}, got ${describeValue(value)}`);
}
