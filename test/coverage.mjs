/**
 * `npm run coverage`: the suite under V8's coverage, threads and processes included; 90 % of the lines of src, 100 % of src/core.
 *
 * tsx compiles a file in more than one form (for a process, for a thread), and V8 counts by offset in what was compiled. c8
 * adds such counts up by URL, which blames lines that were executed. So the counts are first parted into sets in which every
 * file has one form, c8 maps each set to source lines, and the lines are added up.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const counted = join(root, 'coverage/v8');
const FLOORS = [
  { under: 'src/', lines: 90 },
  { under: 'src/core/', lines: 100 },
];

/** @returns {string[][]} names of V8's files, so parted that within a set every source file was compiled to one length */
function partition() {
  const prefix = pathToFileURL(join(root, 'src/')).href;
  /** @type {{ names: string[], lengths: Map<string, number> }[]} */
  const sets = [];
  for (const name of readdirSync(counted)) {
    const { result } = JSON.parse(readFileSync(join(counted, name), 'utf8'));
    const lengths = result
      .filter(({ url }) => url.startsWith(prefix))
      .map(({ url, functions }) => [url, functions[0].ranges[0].endOffset]);
    if (lengths.length === 0) continue;
    const fits = ({ lengths: known }) => lengths.every(([url, length]) => (known.get(url) ?? length) === length);
    let set = sets.find(fits);
    if (set === undefined) sets.push((set = { names: [], lengths: new Map() }));
    set.names.push(name);
    for (const [url, length] of lengths) set.lengths.set(url, length);
  }
  return sets.map(({ names }) => names);
}

/** @returns {Record<string, { statementMap: Record<string, { start: { line: number } }>, s: Record<string, number> }>} */
function linesOf(names, index) {
  const set = join(root, `coverage/set-${index}`);
  mkdirSync(set, { recursive: true });
  for (const name of names) cpSync(join(counted, name), join(set, name));
  const report = ['report', '--all', '--include', 'src/**', '--reporter', 'json', '--temp-directory', set];
  const c8 = fileURLToPath(new URL('bin/c8.js', import.meta.resolve('c8/package.json')));
  const { status } = spawnSync(process.execPath, [c8, ...report, '--reports-dir', `${set}-report`], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`c8 report ended with ${status}`);
  return JSON.parse(readFileSync(join(`${set}-report`, 'coverage-final.json'), 'utf8'));
}

rmSync(join(root, 'coverage'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [join(root, 'test/run.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_V8_COVERAGE: counted },
});
if (status !== 0) process.exit(status ?? 1);

/** @type {Map<string, Map<number, number>>} executions by line by file */
const files = new Map();
for (const [index, names] of partition().entries()) {
  for (const [path, { statementMap, s }] of Object.entries(linesOf(names, index))) {
    const file = relative(root, path);
    const lines = files.get(file) ?? new Map();
    files.set(file, lines);
    for (const [id, { start }] of Object.entries(statementMap)) {
      lines.set(start.line, (lines.get(start.line) ?? 0) + s[id]);
    }
  }
}

const share = (covered, all) => Math.floor((covered / all) * 10_000) / 100;
const missed = (lines) => [...lines].filter(([, executions]) => executions === 0).map(([line]) => line);
console.log('\nLines that no test executes:');
for (const [file, lines] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  const none = missed(lines);
  if (none.length > 0) console.log(`  ${file} ${share(lines.size - none.length, lines.size)} %  ${none.join(' ')}`);
}
for (const { under, lines: floor } of FLOORS) {
  const within = [...files].filter(([file]) => file.startsWith(under)).map(([, lines]) => lines);
  const all = within.reduce((sum, lines) => sum + lines.size, 0);
  const covered = share(all - within.reduce((sum, lines) => sum + missed(lines).length, 0), all);
  const ok = all > 0 && covered >= floor;
  if (!ok) process.exitCode = 1;
  console.log(`${ok ? 'ok' : 'FAILED'}: ${covered} % of ${all} lines of ${under} (at least ${floor} %)`);
}
