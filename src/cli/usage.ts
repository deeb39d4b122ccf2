/** What the user asked for cannot be done: a message, no stack, exit code 2. */
import { CanoError } from '../index.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, notCompared: 3, interrupted: 130 } as const;

/** The error of bad usage; `hint` is what to do about it. */
export function usageError(message: string, hint?: string): CanoError {
  return new CanoError('CANO_USAGE', hint === undefined ? message : `${message}: ${hint}`);
}

/** `did you mean …?` when one of the known words is near. */
export function suggestion(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = candidate.startsWith(word) && word.length > 1 ? 1 : distanceOf(word, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best === undefined ? undefined : `did you mean '${best}'?`;
}

/** Edits from one word to the other: characters put in, taken out, replaced, or swapped with their neighbour. */
export function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isEqual = a[i - 1] === b[j - 1];
      let edits = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (isEqual ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, (beforeLast[j - 2] as number) + 1);
      row.push(edits);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] as number;
}
