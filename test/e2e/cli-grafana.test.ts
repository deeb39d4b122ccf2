/** `cano grafana export`: all files or none, and nobody's changes lost. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cano, canoHere } from '../fixtures/cli/run-cli.ts';

const own = fileURLToPath(new URL('../../grafana', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'cano-export-'));
after(() => rmSync(scratch, { recursive: true }));

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .toSorted();

describe('cano grafana export', () => {
  it('writes all files, names them, and has nothing to do the next time', async () => {
    const folder = join(scratch, 'new/monitoring');
    const { code, out, err } = await cano(['grafana', 'export', folder]);
    assert.equal(code, 0, err);
    const files = filesIn(folder);
    assert.deepEqual(
      out.trimEnd().split('\n').toSorted(),
      files.map((path) => join(folder, path)),
    );
    assert.equal(files.filter((path) => /^dashboards\/cano-\w+\.json$/.test(path)).length, 5);
    for (const path of files) assert.deepEqual(readFileSync(join(folder, path)), readFileSync(join(own, path)), path);
    const again = await cano(['grafana', 'export', folder]);
    assert.deepEqual([again.code, again.out, again.err], [0, '', `all ${files.length} files are there already\n`]);
  });

  it('does not overwrite what differs, and then writes nothing at all', async () => {
    const folder = join(scratch, 'changed');
    mkdirSync(join(folder, 'prometheus'), { recursive: true });
    const mine = join(folder, 'prometheus/prometheus.yml');
    writeFileSync(mine, 'mine');
    const { code, err } = await cano(['grafana', 'export', folder]);
    assert.equal(code, 2);
    assert.match(
      err,
      /changed has other versions of prometheus\/prometheus\.yml: nothing was written; --force overwrites/,
    );
    assert.deepEqual(filesIn(folder), ['prometheus/prometheus.yml']);
    assert.equal(readFileSync(mine, 'utf8'), 'mine');

    assert.equal((await cano(['grafana', 'export', folder, '--force'])).code, 0);
    assert.match(readFileSync(mine, 'utf8'), /scrape_configs/);
  });

  it('leaves nothing half when it cannot go on', async () => {
    const folder = join(scratch, 'half');
    mkdirSync(folder);
    // Where the last folder is to be there is a file.
    writeFileSync(join(folder, 'provisioning'), '');
    const { code, err } = await cano(['grafana', 'export', folder]);
    assert.equal(code, 2);
    assert.match(err, /half\/provisioning\/\S+ is in the way: name another DIR/);
    assert.deepEqual(filesIn(folder), ['provisioning']);
  });

  it('says so where no folder can be made', { skip: process.platform !== 'linux' && 'no /proc' }, async () => {
    const { code, err } = await cano(['grafana', 'export', '/proc/cano/monitoring']);
    assert.equal(code, 2);
    assert.match(err, /^cano: cannot write into \/proc\/cano\/monitoring: ENOENT: .* mkdir '\/proc\/cano'\n$/);
  });

  for (const [words, message] of [
    [[], 'cano grafana needs a verb: cano grafana export DIR'],
    [['exprot', 'x'], "unknown verb 'exprot': did you mean 'export'?"],
    [['export'], 'DIR is missing: cano grafana export DIR, such as ./monitoring'],
    [['export', 'x', 'y'], "unexpected argument 'y': values belong to a flag, as in --name value"],
    [['export', 'x', '--forc'], "unknown flag --forc: did you mean '--force'?"],
    [['export', 'package.json'], 'package.json/ALERTS.md is in the way: name another DIR'],
  ] as const) {
    it(`refuses: ${['cano grafana', ...words].join(' ')}`, async () => {
      const { code, err } = await canoHere(['grafana', ...words]);
      assert.deepEqual([code, err], [2, `cano: ${message}\n`]);
      assert.ok(!existsSync('x'), 'something was written');
    });
  }
});
