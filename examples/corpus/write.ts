/** Writes a folder whole or not at all. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InvalidOptionError } from '../../src/index.ts';

/** Lies in every folder that was written here, and in no other: only such a folder is ever replaced. */
export const MARKER = '.cano-corpus';

/** @throws InvalidOptionError when `folder` holds something that was not written by this pipeline */
export function refuseForeignFolder(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new InvalidOptionError(`--out: '${folder}' is a file; name a folder`);
  const entries = readdirSync(folder);
  if (entries.length > 0 && !entries.includes(MARKER)) {
    throw new InvalidOptionError(
      `--out: '${folder}' holds files that this pipeline did not write; name an empty or another folder`,
    );
  }
}

/**
 * Writes the files into a new folder beside the target and puts it in the target's place. What was there before stays
 * until the new folder is complete.
 */
export function writeFolder(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  refuseForeignFolder(folder);
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    writeFileSync(join(fresh, MARKER), '');
    for (const [name, content] of Object.entries(files)) writeFileSync(join(fresh, name), content);
    const old = `${fresh}-old`;
    const isReplacing = existsSync(folder);
    if (isReplacing) renameSync(folder, old);
    try {
      renameSync(fresh, folder);
    } catch (error) {
      if (isReplacing) renameSync(old, folder);
      throw error;
    }
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
}
