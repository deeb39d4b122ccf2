/** Errors as the user of a command line reads them. */
import { fieldOf, isError, messageOf, nameOf, type Where } from '../core/errors.ts';

const PLACES = ['state', 'node', 'branch', 'item', 'attempt', 'thread'] as const;

/** What happened and where, in a few lines; with the stacks of the error's causes when `verbose`. */
export function describeFailure(error: unknown, verbose: boolean): string[] {
  const cause = isError(error) ? fieldOf(error, 'cause') : undefined;
  const where = { ...whereOf(cause), ...whereOf(error) };
  const places = PLACES.flatMap((place) => (where[place] === undefined ? [] : [`${place} ${where[place]}`]));
  const names = isError(cause) && nameOf(cause) !== 'Error' ? [nameOf(cause)] : [];
  const run = where.runId === undefined ? [] : [`run ${where.runId}`];
  const details = places.length === 0 ? [] : [[...places, ...names, ...run].join(' · ')];
  return [...messageOf(error).split('\n'), ...details, ...(verbose ? stacksOf(error) : [])];
}

function whereOf(error: unknown): Where {
  const where = isError(error) ? fieldOf(error, 'where') : undefined;
  return typeof where === 'object' && where !== null ? where : {};
}

const MAX_CAUSES = 8;

// The innermost cause is what the user wrote; it comes first.
function stacksOf(error: unknown): string[] {
  const stacks: string[] = [];
  for (let at = error; isError(at) && stacks.length < MAX_CAUSES; at = fieldOf(at, 'cause')) {
    const stack = fieldOf(at, 'stack');
    stacks.unshift(typeof stack === 'string' ? stack : messageOf(at));
  }
  return stacks.flatMap((stack) => stack.split('\n'));
}
