/** Reads a table of numbers: comma-separated, with a header. */
import { NonRetryableError } from '../../src/node.ts';
import type { Table } from './table.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const MISSING = /^(?:|na|nan|null)$/i;

/**
 * Takes a text apart. Cells may stand in double quotes; empty ones, NA, NaN and null are missing values.
 *
 * @param name of the file, for messages
 * @param target name of the column to predict; all others are features
 * @throws NonRetryableError with line and column when a cell is not a number, and when the table does not hold together
 */
export function parseTable(text: string, name: string, target: string): Table {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const header = headerOf(lines[0] ?? '', name);
  const at = header.indexOf(target);
  if (at === -1) {
    throw new NonRetryableError(`${name} has no column '${target}'; it has ${header.map((c) => `'${c}'`).join(', ')}`);
  }
  const features = header.toSpliced(at, 1);
  if (features.length === 0) throw new NonRetryableError(`${name} has no column but '${target}': there is no feature`);

  const numbers: number[] = [];
  const values: number[] = [];
  for (let line = 1; line < lines.length; line += 1) {
    const content = lines[line] ?? '';
    if (content.trim() === '') continue;
    const where = `${name}, line ${line + 1}`;
    const cells = cellsOf(content, where);
    if (cells.length !== header.length) {
      throw new NonRetryableError(`${where}: it has ${cells.length} cells, the header has ${header.length}`);
    }
    cells.forEach((cell, column) => {
      const place = `${where}, column '${header[column]}'`;
      if (column !== at) numbers.push(numberOf(cell, place));
      else if (!MISSING.test(cell)) values.push(numberOf(cell, place));
      else throw new NonRetryableError(`${place}: the target is missing; leave such lines out`);
    });
  }
  return { name, features, target, matrix: Float64Array.from(numbers), values: Float64Array.from(values) };
}

function headerOf(line: string, name: string): string[] {
  const header = cellsOf(line, `${name}, line 1`);
  const nameless = header.findIndex((cell) => cell === '');
  if (line.trim() === '') throw new NonRetryableError(`${name}, line 1: it is empty; it must name the columns`);
  if (nameless !== -1) throw new NonRetryableError(`${name}, line 1: column ${nameless + 1} has no name`);
  if (header.every((cell) => NUMBER.test(cell))) {
    throw new NonRetryableError(`${name}, line 1: it holds numbers; it must name the columns`);
  }
  const twice = header.find((cell, column) => header.indexOf(cell) !== column);
  if (twice !== undefined) throw new NonRetryableError(`${name}, line 1: two columns have the name '${twice}'`);
  return header;
}

function numberOf(cell: string, place: string): number {
  if (MISSING.test(cell)) return NaN;
  const value = NUMBER.test(cell) ? Number(cell) : NaN;
  if (Number.isFinite(value)) return value;
  throw new NonRetryableError(
    `${place}: '${cell}' is not a number; turn such a column into numbers, or leave the cell empty if it is missing`,
  );
}

// A cell in quotes, in which two quotes stand for one, or one without; then a comma or the end of the line.
const CELL = /(?:\s*"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/y;

function cellsOf(line: string, where: string): string[] {
  const cells: string[] = [];
  CELL.lastIndex = 0;
  for (let end: string | undefined = ','; end === ',';) {
    const found = CELL.exec(line);
    if (found === null) throw new NonRetryableError(`${where}, cell ${cells.length + 1}: its quotes do not match`);
    cells.push(found[1]?.replaceAll('""', '"') ?? (found[2] ?? '').trim());
    end = found[3];
  }
  return cells;
}
