/**
 * How a record lies in the memory of a recorder: in a cell of six numbers, one of an execution on a thread in two. Little memory
 * is what makes recording cheap: what it costs beyond arithmetic is the cache that it pushes others out of.
 *
 * 0 kind, place, name of the outcome, attempt: packed   1 time   2 run and visit: packed   3–5 by kind
 */

export const CELL = 6;

/** The second cell of an execution: 0 this kind and its bytes out, 1 queued, 2 posted, 3 received, 4 clone, 5 bytes in. */
const REST = 15;

const KINDS = 2 ** 4;
const PLACES = 2 ** 16;
const NAMES = 2 ** 15;
/** Attempts from here on are all said to be this one. */
const ATTEMPTS = 2 ** 18;

export function packHead(kind: number, place: number, outcome: number, attempt: number): number {
  const tried = attempt < ATTEMPTS ? attempt : ATTEMPTS - 1;
  return kind + KINDS * (place + PLACES * (outcome + NAMES * tried));
}

export function unpackHead(head: number): { kind: number; place: number; outcome: number; attempt: number } {
  const kind = head % KINDS;
  const rest = (head - kind) / KINDS;
  const place = rest % PLACES;
  const named = (rest - place) / PLACES;
  const outcome = named % NAMES;
  return { kind, place, outcome, attempt: (named - outcome) / NAMES };
}

export const packRest = (bytesOut: number): number => REST + KINDS * bytesOut;
export const isRest = (head: number): boolean => head % KINDS === REST;
export const bytesOutOf = (head: number): number => (head - REST) / KINDS;

/** Cells are fewer than this, and so are runs in them. */
export const RUNS: number = 2 ** 24;

export const packRun = (run: number, visit: number): number => run + RUNS * visit;
export const unpackRun = (packed: number): [run: number, visit: number] => [packed % RUNS, Math.floor(packed / RUNS)];

/** Threads and one for the main thread; -1 is none, as of an item. */
const THREADS = 2 ** 12;

export const packItem = (item: number, thread: number): number => thread + 1 + THREADS * (item + 1);
export const unpackItem = (packed: number): [item: number, thread: number] => [
  Math.floor(packed / THREADS) - 1,
  (packed % THREADS) - 1,
];
