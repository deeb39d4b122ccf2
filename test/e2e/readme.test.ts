/** The code of the README does what the README says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/<!-- example: (\S+) -->\n```ts\n([\s\S]*?)```/g)].map(([, name, code]) => ({
  name: String(name),
  code: String(code),
}));

test('the examples of the README print what their comments say', (context) => {
  assert.deepEqual(
    examples.map(({ name }) => name),
    [
      'primes.ts',
      'main.ts',
      'race.ts',
      'score.ts',
      'sharing.ts',
      'sieve.ts',
      'logs.ts',
      'where.ts',
      'schedules.ts',
      'metrics.ts',
    ],
  );
  const folder = mkdtempSync(join(tmpdir(), 'cano-readme-'));
  context.after(() => rmSync(folder, { recursive: true }));
  // A package 'cano' that leads to the sources, so that no build is needed.
  const library = join(folder, 'node_modules', 'cano');
  mkdirSync(library, { recursive: true });
  writeFileSync(
    join(library, 'package.json'),
    '{"name":"cano","type":"module","exports":{".":"./src/index.ts","./node":"./src/node.ts","./prometheus":"./src/prometheus.ts"}}',
  );
  symlinkSync(join(root, 'src'), join(library, 'src'));
  symlinkSync(join(root, 'node_modules', 'prom-client'), join(folder, 'node_modules', 'prom-client'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const { name, code } of examples) writeFileSync(join(folder, name), code);

  const register = new URL('../support/register-tsx.mjs', import.meta.url).href;
  for (const { name, code } of examples) {
    const promised = /console\.log\(.*\); \/\/ (.*)/.exec(code)?.[1];
    // What runs on threads prints nothing.
    if (promised === undefined) continue;
    const output = execFileSync(process.execPath, ['--import', register, join(folder, name)], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(output.trim(), promised, name);
  }
});

test('the main example has at most 25 lines of code', () => {
  const lines = (examples[1]?.code ?? '').split('\n').filter((line) => line.trim() !== '');
  assert.ok(lines.length > 10 && lines.length <= 25, `${lines.length} lines`);
});
