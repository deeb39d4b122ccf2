/**
 * The promises that cano's types make, with the texts that a user gets to read. The files in `cases/` are never executed:
 * what they expect is written into them, see `support/type-errors.ts`. What must compile is in the same files.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { differences, diagnosticsOf, expectationsOf, parseDiagnostics } from '../support/type-errors.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = 'test/types/cases';
const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.ts'));
const found = diagnosticsOf(root, 'test/types/tsconfig.json');

for (const file of files) {
  test(`${file} has the errors that it says, and no others`, () => {
    const path = `${folder}/${file}`;
    const source = readFileSync(join(root, path), 'utf8');
    assert.deepEqual(
      differences(
        source,
        found.filter((diagnostic) => diagnostic.file === path),
      ),
      [],
    );
  });
}

test('no error lies outside of the cases', () => {
  assert.deepEqual(
    found.filter(({ file }) => !files.some((known) => file === `${folder}/${known}`)),
    [],
  );
});

test('the cases pin errors at all', () => {
  const pinned = files.flatMap((file) => expectationsOf(readFileSync(join(root, folder, file), 'utf8')));
  assert.ok(pinned.length > 80, `${pinned.length} expectations in ${files.join(', ')}`);
});

const source = ['const a: string = 1; //~ is not assignable', 'const b = {', '  c: 1,', '};', '//~^^ second'].join(
  '\n',
);
const output = [
  "cases/x.ts(1,7): error TS2322: Type 'number' is not assignable to type 'string'.",
  'cases/x.ts(3,3): error TS1: the second,',
  '  explained below.',
  '',
].join('\n');

test('a file whose errors are all expected has no differences', () => {
  assert.deepEqual(differences(source, parseDiagnostics(output)), []);
});

test('an expected error that is missing, on another line or of another text is a difference', () => {
  assert.deepEqual(differences(source, parseDiagnostics(output).slice(0, 1)), [
    'line 3: no error with the text: second',
  ]);
  assert.deepEqual(differences(`\n${source}`, parseDiagnostics(output)).length, 4);
  assert.deepEqual(differences(source.replace('second', 'third'), parseDiagnostics(output)).length, 2);
});

test('an error that nobody expects is a difference', () => {
  const more = `${output}cases/x.ts(2,1): error TS3: one more\n`;
  assert.deepEqual(differences(source, parseDiagnostics(more)), [
    'line 2: an error that is not expected: TS3: one more',
  ]);
});

test('explanations belong to the error above them, errors of no file have line 0', () => {
  assert.deepEqual(parseDiagnostics(`${output}error TS18003: No inputs were found.\n`), [
    { file: 'cases/x.ts', line: 1, message: "TS2322: Type 'number' is not assignable to type 'string'." },
    { file: 'cases/x.ts', line: 3, message: 'TS1: the second,\n  explained below.' },
    { file: '', line: 0, message: 'TS18003: No inputs were found.' },
  ]);
});
