/**
 * `cano grafana export DIR`: copies dashboards, rules and the files that provision them.
 *
 * X1 All or nothing: every file is written beside its place first, and a file that differs stops it before anything is written.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from './io.ts';
import { EXIT, suggestion, usageError } from './usage.ts';
import { isOn, readWords } from './words.ts';

export const GRAFANA_FLAGS = {
  force: { value: undefined, help: 'overwrite files that differ' },
  help: { value: undefined, help: 'this text' },
} as const;

/** What is of use outside of a checkout, in the folder grafana/ of the package. */
const EXPORTED = [
  'ALERTS.md',
  'METRICS.md',
  'dashboards',
  'docker-compose.yml',
  'prometheus/prometheus.yml',
  'prometheus/rules',
  'provisioning',
];

/** @throws CanoError `CANO_USAGE` when nothing was written */
export async function grafana(rest: readonly string[], io: Io): Promise<number> {
  const { flags, positionals } = readWords(rest, {
    takesValue: new Map([['force', false]]),
    positionals: 2,
    helpAt: 'cano grafana --help',
  });
  const [verb, folder] = positionals;
  if (verb !== 'export') {
    throw verb === undefined
      ? usageError('cano grafana needs a verb', 'cano grafana export DIR')
      : usageError(`unknown verb '${verb}'`, suggestion(verb, ['export']) ?? 'cano grafana export DIR');
  }
  if (folder === undefined) throw usageError('DIR is missing', 'cano grafana export DIR, such as ./monitoring');
  await exportTo(folder, isOn('force', flags.get('force')), io);
  return EXIT.done;
}

interface Change {
  readonly path: string;
  readonly text: Buffer;
}

async function exportTo(folder: string, force: boolean, io: Io): Promise<void> {
  const source = packaged();
  const paths = EXPORTED.flatMap((entry) => filesOf(source, entry));
  const changes: Change[] = [];
  const differing: string[] = [];
  for (const path of paths) {
    const text = await readFile(join(source, path));
    const there = await present(join(folder, path));
    if (there?.equals(text) === true) continue;
    if (there !== undefined) differing.push(path);
    changes.push({ path, text });
  }
  if (differing.length > 0 && !force) {
    throw usageError(
      `${folder} has other versions of ${differing.join(', ')}`,
      'nothing was written; --force overwrites them, another DIR leaves them alone',
    );
  }
  await replaceAll(folder, changes);
  for (const { path } of changes) io.out.write(`${join(folder, path)}\n`);
  io.err.write(
    changes.length === 0
      ? `all ${paths.length} files are there already\n`
      : `${changes.length} of ${paths.length} files written. Next: docker compose up in ${folder}, and see ${join(folder, 'docker-compose.yml')}\n`,
  );
}

/** The folder grafana/ of this package: beside src in a checkout, beside dist in what npm installs. */
function packaged(): string {
  const found = ['../../grafana/', '../../../grafana/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'dashboards')));
  if (found === undefined) throw usageError('this copy of cano has no folder grafana', 'install cano from npm again');
  return found;
}

/** Paths below `root` with forward slashes: of the entry itself, or of all files in it. */
function filesOf(root: string, entry: string): string[] {
  const found = readdirSync(join(root, dirname(entry)), { withFileTypes: true }).find(
    ({ name }) => name === entry.split('/').at(-1),
  );
  if (found?.isDirectory() !== true) return [entry];
  return readdirSync(join(root, entry), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => relative(root, join(each.parentPath, each.name)).split(sep).join('/'))
    .toSorted();
}

async function present(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR' || code === 'EISDIR') throw usageError(`${path} is in the way`, 'name another DIR');
    throw usageError(`cannot read ${path}: ${message}`);
  }
}

async function replaceAll(folder: string, changes: readonly Change[]): Promise<void> {
  const staged: (readonly [from: string, to: string])[] = [];
  try {
    if (await isFile(folder)) throw usageError(`${folder} is a file`, 'DIR is the folder to write into');
    for (const { path, text } of changes) {
      const to = join(folder, path);
      const from = `${to}.${process.pid}.tmp`;
      await makeFolder(dirname(to));
      staged.push([from, to]);
      await writeFile(from, text);
    }
    for (const [from, to] of staged) await rename(from, to);
  } catch (error) {
    await Promise.all(staged.map(([from]) => rm(from, { force: true })));
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'CANO_USAGE') throw error;
    throw usageError(`cannot write into ${folder}: ${message}`);
  }
}

// Not with `recursive`: where a folder exists and none can be made in it, as in /proc, Node 20 to 24 tries for ever.
async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeFolder(dirname(path));
  await mkdir(path);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  );
}
