/** Writes a folder whole or not at all. */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InvalidOptionError } from '../../src/index.ts';
import { MARKER } from './scan.ts';

/** What a run writes. */
export const OUTPUT = { texts: 'corpus.jsonl', report: 'report.html' } as const;

const OWN: ReadonlySet<string> = new Set([MARKER, ...Object.values(OUTPUT)]);

/** @throws InvalidOptionError when replacing `folder` would take away something that was not written by this pipeline */
export function refuseForeignFolder(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new InvalidOptionError(`--out: '${folder}' is a file; name a folder`);
  const entries = readdirSync(folder);
  // Without the mark a file of that name is somebody else's.
  const foreign = entries.includes(MARKER) ? entries.find((entry) => !OWN.has(entry)) : entries[0];
  if (foreign !== undefined) {
    throw new InvalidOptionError(
      `--out: '${folder}' holds '${foreign}', which this pipeline did not write; name an empty or another folder`,
    );
  }
}

/** Content of a file: at once, or in parts. */
export type Content = string | readonly Uint8Array[];

/**
 * Writes the files into a new folder beside the target and puts it in the target's place. What was there before stays
 * until the new folder is complete. Between two renames nothing is there; who is killed in that moment finds both
 * folders beside it, with names that start with a dot.
 */
export function writeFolder(folder: string, files: Readonly<Record<string, Content>>): void {
  refuseForeignFolder(folder);
  mkdirSync(dirname(folder), { recursive: true });
  const isReplacing = existsSync(folder);
  // Where a link leads is replaced, not the link.
  const target = isReplacing ? realpathSync(folder) : folder;
  const fresh = join(dirname(target), `.${basename(target)}-${randomUUID()}`);
  const old = `${fresh}-old`;
  try {
    mkdirSync(fresh);
    for (const [name, content] of Object.entries({ [MARKER]: '', ...files })) writeParts(join(fresh, name), content);
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
    for (const part of typeof content === 'string' ? [content] : content) writeFileSync(file, part);
  } finally {
    closeSync(file);
  }
}
