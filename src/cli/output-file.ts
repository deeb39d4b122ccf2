/**
 * Files that a command writes at its end.
 *
 * O1 Whether a file can be written is found out before any work is done for it.
 * O2 It is replaced whole or not at all, and is no file that the command reads, or writes otherwise.
 */
import {
  accessSync,
  constants,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
  type Stats,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { usageError } from './usage.ts';

/**
 * Checks that a file can be written, and takes the place of nothing else that the command reads or writes.
 *
 * @param flag that names it, such as `--report`
 * @param others the other files of the command by what they are of: `--trace`, `the pipeline`
 * @throws CanoError `CANO_USAGE`
 */
export function requireWritable(
  file: string,
  flag: string,
  others: Readonly<Record<string, string | undefined>>,
): void {
  const path = resolve(file);
  const folder = dirname(path);
  if (statsOf(folder)?.isDirectory() !== true) {
    throw usageError(`${flag}: there is no folder '${folder}' for '${file}'`, 'make it, or name another file');
  }
  let present: Stats | undefined;
  try {
    present = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw usageError(
      `${flag}: '${file}' cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      'name another file',
    );
  }
  if (present?.isDirectory() === true) throw usageError(`${flag}: '${file}' is a folder`, 'name a file in it');
  // Replaced as a file is, a device would be gone.
  if (present?.isFile() === false) throw usageError(`${flag}: '${file}' is no regular file`, 'name one');
  for (const [of, other] of Object.entries(others)) {
    if (other === undefined || !isSameFile(file, other)) continue;
    throw usageError(`${flag}: '${file}' is the file of ${of} too`, 'name another one');
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw usageError(
      `${flag}: '${file}' cannot be written, since '${folder}' may not be changed (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      'name a file in another folder',
    );
  }
}

/** Whether two names are of one file, which need not be there yet. */
function isSameFile(one: string, other: string): boolean {
  const [found, alsoFound] = [statsOf(one), statsOf(other)];
  if (found === undefined && alsoFound === undefined) return placeOf(one) === placeOf(other);
  return found?.dev === alsoFound?.dev && found?.ino === alsoFound?.ino;
}

/** What is at a path; undefined when nothing is, or nothing can be. */
function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** The way to a file through folders that are no links. */
function placeOf(file: string): string {
  const path = resolve(file);
  const folder = dirname(path);
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : path;
}

/** @throws what the file system says; then the file is as it was */
export function writeWhole(file: string, text: string): void {
  const path = resolve(file);
  // Not longer than any name may be, whatever the file is called.
  const unfinished = join(dirname(path), `.cano-${process.pid}.tmp`);
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
