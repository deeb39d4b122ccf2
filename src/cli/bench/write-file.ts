/** Writes a file as a whole or not at all. */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { usageError } from '../usage.ts';

/**
 * Checks that a file can be written, before work is done for it.
 *
 * @throws CanoError `CANO_USAGE`
 */
export function requireWritable(file: string, flag: string): void {
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usageError(`${flag}: there is no folder '${folder}' to write '${file}' into`, 'make it first');
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw usageError(`${flag}: '${file}' is a folder`, 'name a file');
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw usageError(`${flag}: '${folder}' cannot be written into`, 'name a file elsewhere');
  }
}

export function writeWhole(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
