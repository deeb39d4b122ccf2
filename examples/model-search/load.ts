/** Runs on a thread: makes or reads the table and keeps rows back for the test. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { defineExec, NonRetryableError } from '../../src/node.ts';
import { parseTable } from './csv.ts';
import { friedman1, NOISE_FLOOR, randomFrom } from './friedman.ts';
import type { Table } from './table.ts';

/** Where the table is from. */
export type Source =
  | { readonly kind: 'friedman'; readonly rows: number; readonly seed: number }
  | { readonly kind: 'csv'; readonly path: string; readonly target: string; readonly seed: number };

/** Rows to search on, and rows that only the winner meets. */
export interface Loaded {
  readonly table: Table;
  readonly heldOut: Table;
  /** The least mean squared error that any model can have; only known of a function that we made. */
  readonly floor: number | undefined;
}

/** Rows of the function that are kept back, beside those that were asked for. */
const FRIEDMAN_HELD_OUT = 2_000;
/** Of a file, one row in so many is kept back; with fewer rows than the least there is nothing to learn or to test. */
const HELD_OUT_ONE_IN = 5;
const LEAST_ROWS = 25;

/** @throws NonRetryableError when the file cannot be read, or what is in it is no table */
export function load(source: Source): Loaded {
  if (source.kind === 'friedman') {
    const all = friedman1(source.rows + FRIEDMAN_HELD_OUT, source.seed);
    const [rows, kept] = [upTo(source.rows), upTo(FRIEDMAN_HELD_OUT).map((row) => source.rows + row)];
    return { table: take(all, rows), heldOut: take(all, kept), floor: NOISE_FLOOR };
  }
  const all = parseTable(read(source.path), basename(source.path), source.target);
  if (all.values.length < LEAST_ROWS) {
    throw new NonRetryableError(`${all.name} has ${all.values.length} rows; at least ${LEAST_ROWS} are needed`);
  }
  const shuffled = shuffle(upTo(all.values.length), randomFrom(source.seed));
  const kept = Math.floor(all.values.length / HELD_OUT_ONE_IN);
  const [heldOut, rows] = [shuffled.slice(0, kept).toSorted(), shuffled.slice(kept).toSorted()];
  return { table: take(all, rows), heldOut: take(all, heldOut), floor: undefined };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new NonRetryableError(`cannot read '${path}': ${(error as Error).message}`, { cause: error });
  }
}

function take(table: Table, rows: Uint32Array): Table {
  const width = table.features.length;
  const matrix = new Float64Array(rows.length * width);
  rows.forEach((row, at) => matrix.set(table.matrix.subarray(row * width, (row + 1) * width), at * width));
  return { ...table, matrix, values: Float64Array.from(rows, (row) => table.values[row] ?? NaN) };
}

/** Fisher and Yates; in place. */
function shuffle(rows: Uint32Array<ArrayBuffer>, random: () => number): Uint32Array<ArrayBuffer> {
  for (let at = rows.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [rows[at], rows[other]] = [rows[other] ?? 0, rows[at] ?? 0];
  }
  return rows;
}

function upTo(count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_value, row) => row);
}

export default defineExec(import.meta.url, { name: 'load', exec: load });
