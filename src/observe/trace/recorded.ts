/** What was recorded, spread out from its cells: a row of numbers and one of names for each event. */
import { bytesOutOf, CELL, isRest, unpackHead, unpackItem, unpackRun } from './cells.ts';
import type { Place } from './names.ts';
import type { RunIds } from './run-ids.ts';
import {
  F_AT,
  F_ATTEMPT,
  F_BYTES_IN,
  F_BYTES_OUT,
  F_CANCELLED,
  F_CLONE_MS,
  F_COMPLETED,
  F_ENDED,
  F_FAILED,
  F_FAILURES,
  F_ITEM,
  F_KIND,
  F_MS,
  F_POST_MS,
  F_POSTED,
  F_PREP_MS,
  F_QUEUED,
  F_RECEIVED,
  F_STARTED,
  F_THREAD,
  F_VISIT,
  KIND,
  N_BRANCH,
  N_ERROR,
  N_NODE,
  N_OUTCOME,
  N_RUN,
  N_STATE,
  N_TO,
  N_WORKFLOW,
  NAMES,
  NUMBERS,
} from './record.ts';

/** Oldest first. */
export interface Recorded {
  readonly count: number;
  /** `NUMBERS` of each. */
  readonly numbers: Float64Array;
  /** `NAMES` of each. */
  readonly names: readonly string[];
  /** Events that are not here any more. */
  readonly dropped: number;
}

/** @param cells oldest first; the first may be the rest of a record whose beginning is not there any more */
export function expand(
  cells: Float64Array,
  taken: number,
  runIds: RunIds,
  nameList: readonly string[],
  places: readonly Place[],
): Recorded {
  const begins: number[] = [];
  for (let cell = 0; cell < cells.length; cell += CELL) if (!isRest(cells[cell] as number)) begins.push(cell);
  const known = new Map<number, string>();
  // One string for all records of a run.
  const runIdOf = (slot: number): string => {
    const id = known.get(slot) ?? runIds.at(slot);
    known.set(slot, id);
    return id;
  };
  const count = begins.length;
  const numbers = new Float64Array(count * NUMBERS);
  const names = Array.from({ length: count * NAMES }, () => '');
  for (const [index, cell] of begins.entries()) {
    const value = (field: number): number => cells[cell + field] as number;
    const { kind, place, outcome, attempt } = unpackHead(value(0));
    const [run, visit] = unpackRun(value(2));
    const { workflow = '', state = '', node = '', branch = '' } = places[place] ?? {};
    const set = (field: number, number: number): void => {
      numbers[index * NUMBERS + field] = number;
    };
    const call = (field: number, name: string | undefined): void => {
      names[index * NAMES + field] = name ?? '';
    };
    set(F_KIND, kind);
    set(F_AT, value(1));
    set(F_VISIT, visit);
    set(F_ATTEMPT, attempt);
    set(F_ITEM, -1);
    set(F_THREAD, -1);
    call(N_OUTCOME, nameList[outcome]);
    if (kind !== KIND.threadStarted && kind !== KIND.threadExited) {
      call(N_RUN, runIdOf(run));
      call(N_WORKFLOW, workflow);
      call(N_STATE, state);
      call(N_NODE, node);
      call(N_BRANCH, branch);
    }
    switch (kind) {
      case KIND.executed: {
        const [item, thread] = unpackItem(value(3));
        const following = cells[cell + CELL] ?? 0;
        const hasRest = isRest(following);
        const rest = (field: number, otherwise: number): number =>
          hasRest ? (cells[cell + CELL + field] as number) : otherwise;
        call(N_ERROR, nameList[value(1)]);
        set(F_AT, rest(3, value(5)));
        set(F_ITEM, item);
        set(F_THREAD, thread);
        set(F_STARTED, value(4));
        set(F_ENDED, value(5));
        set(F_QUEUED, rest(1, value(4)));
        set(F_POSTED, rest(2, value(4)));
        set(F_RECEIVED, rest(3, value(5)));
        set(F_CLONE_MS, rest(4, 0));
        set(F_BYTES_IN, rest(5, 0));
        set(F_BYTES_OUT, hasRest ? bytesOutOf(following) : 0);
        break;
      }
      case KIND.transition:
        call(N_TO, nameList[Math.floor(value(3) / 2)]);
        set(F_FAILED, value(3) % 2);
        set(F_PREP_MS, value(4));
        set(F_POST_MS, value(5));
        break;
      case KIND.retry:
        set(F_ITEM, unpackItem(value(3))[0]);
        set(F_MS, value(4));
        call(N_ERROR, nameList[value(5)]);
        break;
      case KIND.join:
        set(F_COMPLETED, value(3));
        set(F_FAILURES, value(4));
        set(F_CANCELLED, value(5));
        break;
      case KIND.threadStarted:
      case KIND.threadExited:
        set(F_THREAD, value(3));
        set(F_MS, value(4));
        break;
      case KIND.branch:
      case KIND.runFinished:
        call(N_ERROR, nameList[value(3)]);
        break;
      default:
        break;
    }
  }
  return { count, numbers, names, dropped: taken - count };
}
