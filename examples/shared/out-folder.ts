/** A folder of results, written whole or not at all, and replaced only if a pipeline of the same kind wrote it. */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InvalidOptionError } from '../../src/index.ts';

/** Content of a file: at once, or in parts. */
export type Content = string | Uint8Array | readonly Uint8Array[];

/**
 * @param marker name of the file that tells which files of the folder are the pipeline's own, one per line
 * @throws InvalidOptionError when replacing `folder` would take away something that was not written by this pipeline
 */
export function refuseForeignFolder(folder: string, marker: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new InvalidOptionError(`--out: '${folder}' is a file; name a folder`);
  const entries = readdirSync(folder);
  // Without the marker a file of that name is somebody else's.
  const own = entries.includes(marker) ? [marker, ...readFileSync(join(folder, marker), 'utf8').split('\n')] : [];
  const foreign = entries.find((entry) => !own.includes(entry));
  if (foreign === undefined) return;
  throw new InvalidOptionError(
    `--out: '${folder}' holds '${foreign}', which this pipeline did not write; name an empty or another folder`,
  );
}

/**
 * Writes the files into a new folder beside the target and puts it in the target's place. What was there before stays
 * until the new folder is complete. Between two renames nothing is there; who is killed in that moment finds both
 * folders beside it, with names that start with a dot.
 *
 * @throws InvalidOptionError as `refuseForeignFolder`
 */
export function writeFolder(folder: string, marker: string, files: Readonly<Record<string, Content>>): void {
  refuseForeignFolder(folder, marker);
  mkdirSync(dirname(folder), { recursive: true });
  const isReplacing = existsSync(folder);
  // Where a link leads is replaced, not the link.
  const target = isReplacing ? realpathSync(folder) : folder;
  const fresh = join(dirname(target), `.${basename(target)}-${randomUUID()}`);
  const old = `${fresh}-old`;
  try {
    mkdirSync(fresh);
    writeParts(join(fresh, marker), Object.keys(files).join('\n'));
    for (const [name, content] of Object.entries(files)) writeParts(join(fresh, name), content);
    if (isReplacing) renameSync(target, old);
    try {
      renameSync(fresh, target);
    } catch (error) {
      if (isReplacing) renameSync(old, target);
      throw error;
    }
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

function writeParts(path: string, content: Content): void {
  const file = openSync(path, 'w');
  try {
    for (const part of Array.isArray(content) ? (content as readonly Uint8Array[]) : [content as string | Uint8Array]) {
      writeFileSync(file, part);
    }
  } finally {
    closeSync(file);
  }
}
