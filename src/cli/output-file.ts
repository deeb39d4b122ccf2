/**
 * Files that a command writes at its end.
 *
 * O1 Whether a file can be written is found out before any work is done for it.
 * O2 It is replaced whole or not at all.
 */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { usageError } from './usage.ts';

/**
 * Checks that a file can be written.
 *
 * @param flag that names it, such as `--report`
 * @throws CanoError `CANO_USAGE`
 */
export function requireWritable(file: string, flag: string): void {
  const path = resolve(file);
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usageError(`${flag}: there is no folder '${folder}' for '${file}'`, 'make it, or name another file');
  }
  const present = statSync(path, { throwIfNoEntry: false });
  if (present?.isDirectory() === true) throw usageError(`${flag}: '${file}' is a folder`, 'name a file in it');
  // Replaced as a file is, a device would be gone.
  if (present?.isFile() === false) throw usageError(`${flag}: '${file}' is no regular file`, 'name one');
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw usageError(
      `${flag}: '${file}' cannot be written, since '${folder}' may not be changed (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      'name a file in another folder',
    );
  }
}

/** @throws what the file system says; then the file is as it was */
export function writeWhole(file: string, text: string): void {
  const path = resolve(file);
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
