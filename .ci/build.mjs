// Builds the package: nodes/ one file for one file, since each is imported by its own name; src/ as few files as its entries
// allow, because every module that Node loads costs some 0.4 ms, in each process and again in each thread. What two entries
// share is in chunks, so that there is one instance of it.
//
//   node .ci/build.mjs [--out FOLDER] [FURTHER ENTRY OF src/ ...]     the bench reaches for parts that users cannot
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: join(root, 'dist') } },
  allowPositionals: true,
});
const out = resolve(values.out);
const entries = ['index', 'node', 'server/index', 'prometheus', 'cli/main', 'worker/entry'].map(
  (entry) => `src/${entry}.ts`,
);

rmSync(out, { recursive: true, force: true });
// The nodes import src/node.ts, which is emitted along with them and built again below.
tsc('tsconfig.nodes.json');
for (const file of readdirSync(join(out, 'src'), { recursive: true })) {
  if (file.endsWith('.js')) rmSync(join(out, 'src', file));
}
tsc('tsconfig.build.json', '--emitDeclarationOnly');
await build({
  absWorkingDir: root,
  entryPoints: [...entries, ...positionals],
  outbase: 'src',
  outdir: join(out, 'src'),
  // dispatch/pool.ts finds the thread's entry from a folder beside it.
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'warning',
});

function tsc(project, ...flags) {
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', project, '--outDir', out, ...flags];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
