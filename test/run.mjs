// Runs the test suite: `node test/run.mjs [part-of-a-path …] [--test-…=…]`.
//
// `node --test` with a folder finds no .ts file and is green, so this script enumerates the files itself and fails when
// none matches, when no test ran, and when one of the files registered no test.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** On Node 26 --test-timeout no longer ends a file whose tests are over but which keeps its process alive. */
const wholeSuiteLimitMs = 15 * 60_000;

const testFolder = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

const args = process.argv.slice(2);
const nodeFlags = args.filter((arg) => arg.startsWith('-'));
const filters = args.filter((arg) => !arg.startsWith('-'));

const unknownFlag = nodeFlags.find((flag) => !flag.startsWith('--test-'));
if (unknownFlag !== undefined) {
  console.error(`test/run.mjs: unknown flag ${unknownFlag}; only node's --test-… flags are passed on`);
  process.exit(2);
}

const asUrlPath = (file) => relative(root, file).split(sep).join('/');

const files = readdirSync(testFolder, { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join(testFolder, file))
  .filter((file) => filters.length === 0 || filters.some((filter) => asUrlPath(file).includes(filter)))
  .toSorted();
if (files.length === 0) {
  console.error(`test/run.mjs: no test file${filters.length === 0 ? '' : ` matches ${filters.join(' or ')}`}`);
  process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), 'cano-test-'));
try {
  process.exitCode = run(join(scratch, 'summary.json'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function run(summaryFile) {
  const { status, signal, error } = spawnSync(
    process.execPath,
    [
      '--enable-source-maps',
      '--import',
      new URL('./support/register-tsx.mjs', import.meta.url).href,
      '--test',
      '--test-timeout=120000',
      // Each file has threads of its own: more files at once would measure the scheduler of the machine.
      '--test-concurrency=2',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${new URL('./support/summary-reporter.mjs', import.meta.url).href}`,
      `--test-reporter-destination=${summaryFile}`,
      ...nodeFlags,
      ...files,
    ],
    { cwd: root, stdio: 'inherit', timeout: wholeSuiteLimitMs },
  );
  if (error?.code === 'ETIMEDOUT') {
    console.error(
      `test/run.mjs: not over after ${wholeSuiteLimitMs / 60_000} minutes; the files named above were still running`,
    );
    return 1;
  }
  if (error !== undefined) throw error;
  if (signal !== null) {
    console.error(`test/run.mjs: node --test was ended by ${signal}`);
    return 1;
  }

  const summary = JSON.parse(readFileSync(summaryFile, 'utf8') || '{"pass":0,"fail":0,"skip":0,"files":[]}');
  if (process.env.CANO_TEST_SUMMARY !== undefined)
    writeFileSync(process.env.CANO_TEST_SUMMARY, JSON.stringify(summary));
  if (summary.pass + summary.fail === 0) {
    console.error(`test/run.mjs: ${files.length} test files, but no test was executed`);
    return 1;
  }
  // A selection by name may well leave files without a test.
  const empty = nodeFlags.length > 0 ? [] : files.filter((file) => !summary.files.includes(file));
  if (empty.length > 0) console.error(`test/run.mjs: no test in ${empty.map(asUrlPath).join(', ')}`);
  return status || (empty.length > 0 ? 1 : 0);
}
