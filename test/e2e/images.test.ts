/** The images example on threads: rendered scenes and PNG files with known truth. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pipeline from '../../examples/images/pipeline.ts';
import { decodePng, encodePng } from '../../examples/images/png.ts';
import { render } from '../../examples/images/render.ts';
import type { ImagesSchema, Settings } from '../../examples/images/schema.ts';
import { images } from '../../examples/images/workflow.ts';
import { createEngine, MemoryStore, RunFailedError } from '../../src/index.ts';
import { cano } from '../fixtures/cli/run-cli.ts';

const root = mkdtempSync(join(tmpdir(), 'cano-images-'));
const engines = { 1: createEngine({ threads: 1 }), 2: createEngine({ threads: 2 }) } as const;
after(async () => {
  await Promise.all([engines[1].close(), engines[2].close()]);
  rmSync(root, { recursive: true, force: true });
});

const settings: Settings = {
  input: undefined,
  out: join(root, 'one'),
  count: 3,
  // Two tiles and a bit, so that tiles of all kinds meet.
  width: 150,
  height: 70,
  noise: 25,
  strength: 1,
  seed: 1,
};

async function run(threads: 1 | 2, change: Partial<Settings>): Promise<MemoryStore<ImagesSchema>> {
  const store = new MemoryStore<ImagesSchema>({ settings: { ...settings, ...change } });
  const { state } = await engines[threads].start(images, store).result;
  assert.equal(state, 'Done');
  return store;
}

const contents = (name: string): Map<string, string> =>
  new Map(
    readdirSync(join(root, name))
      .toSorted()
      .map((file) => [file, readFileSync(join(root, name, file)).toString('base64')]),
  );

test('writes the same bytes with 1 and 2 threads, and every picture gets better', async () => {
  await run(1, {});
  const store = await run(2, { out: join(root, 'two') });
  assert.deepEqual(contents('two'), contents('one'));
  assert.equal(store.get('tiles'), 3 * 6);
  const names = ['01-dusk', '02-marbles', '03-city'];
  assert.deepEqual(
    [...contents('one').keys()],
    [
      '.cano-images',
      ...names.flatMap((name) => ['clean', 'denoised', 'noisy'].map((v) => `${name}-${v}.png`)),
      'index.html',
      'sheet.png',
    ],
  );
  for (const [index, name] of names.entries()) {
    const [noisy, denoised] = (['noisy', 'denoised'] as const).map(
      (version) =>
        store.get('prints').find((print) => print.index === index && print.version === version)?.psnr ?? Number.NaN,
    );
    assert.ok(
      noisy !== undefined && denoised !== undefined && Math.abs(noisy - 20.5) < 1 && denoised > noisy + 3,
      `${name}: ${noisy} → ${denoised} dB`,
    );
    const { pixels } = decodePng(readFileSync(join(root, 'one', `${name}-clean.png`)));
    assert.deepEqual(pixels, new Uint8Array(store.get('originals')[index]?.picture.pixels ?? []));
  }
});

test('the page has every picture and figure, and needs nothing from elsewhere', async () => {
  const html = readFileSync(join(root, 'one', 'index.html'), 'utf8');
  assert.doesNotMatch(html, /<script|https?:/i);
  const linked = [...html.matchAll(/(?:src|href)="(?!data:)([^"]*)"/g)].map(([, target]) => target ?? '');
  assert.equal(linked.length, 3 * 3 * 2 + 1);
  for (const target of linked) assert.ok(existsSync(join(root, 'one', decodeURIComponent(target))), target);
  assert.equal([...html.matchAll(/PSNR \d+\.\d → \d+\.\d dB</g)].length, 3);
});

test('takes PNG files of a folder, keeps their alpha, and lists those it cannot use', async () => {
  const input = join(root, 'input');
  mkdirSync(join(input, 'folder.png'), { recursive: true });
  const { pixels } = render({ scene: 'poster', seed: 3, width: 90, height: 60 });
  const alpha = Uint8Array.from({ length: 90 * 60 }, (_value, i) => i % 256);
  const rgba = Uint8Array.from({ length: alpha.length * 4 }, (_value, i) =>
    i % 4 === 3 ? (alpha[i >> 2] ?? 0) : (pixels[(i >> 2) * 3 + (i % 4)] ?? 0),
  );
  const gray = pixels.filter((_level, i) => i % 3 === 1);
  const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(input, name), content);
  put('b.png', encodePng({ width: 90, height: 60, channels: 4, pixels: rgba }));
  put('A gray <one> & more.PNG', encodePng({ width: 90, height: 60, channels: 1, pixels: gray }));
  put('cut.png', encodePng({ width: 90, height: 60, channels: 1, pixels: gray }).subarray(0, 500));
  put('dot.png', encodePng({ width: 1, height: 1, channels: 1, pixels: Uint8Array.of(9) }));
  put('notes.txt', 'not looked at');

  const store = await run(2, { input, out: join(root, 'own'), noise: 0, count: 64 });
  assert.deepEqual(store.get('files'), ['A gray <one> & more.PNG', 'b.png', 'cut.png', 'dot.png']);
  assert.deepEqual(store.get('skipped'), [
    { kind: 'skipped', file: 'cut.png', reason: 'corrupt', detail: 'cut off after 500 bytes' },
  ]);
  const read = (name: string) => decodePng(readFileSync(join(root, 'own', name)));
  assert.deepEqual(read('02-b-noisy.png').pixels, rgba, 'without added noise a picture is as it was');
  const denoised = read('02-b-denoised.png');
  assert.deepEqual(
    denoised.pixels.filter((_level, i) => i % 4 === 3),
    alpha,
  );
  assert.equal(read('01-A-gray-one-more-denoised.png').channels, 1);
  assert.deepEqual([...read('03-dot-denoised.png').pixels], [9]);
  const html = readFileSync(join(root, 'own', 'index.html'), 'utf8');
  assert.match(html, /A gray &#60;one&#62; &#38; more\.PNG/);
  assert.match(html, /cut\.png: corrupt \(cut off after 500 bytes\)/);
  assert.doesNotMatch(html, /Clean/);

  const noisy = await run(1, { input, out: join(root, 'own-noisy'), noise: 20, count: 2 });
  assert.deepEqual(
    noisy.get('prints').map(({ version }) => version),
    ['clean', 'noisy', 'denoised', 'clean', 'noisy', 'denoised'],
  );
});

test('replaces its own folder and no other', async () => {
  await run(1, { out: join(root, 'two'), count: 1, width: 20, height: 16 });
  assert.equal(contents('two').size, 3 + 3, 'the pictures of the run before are gone');
  mkdirSync(join(root, 'foreign'));
  writeFileSync(join(root, 'foreign', 'photo.png'), 'the only copy');
  await assert.rejects(
    run(1, { out: join(root, 'foreign'), count: 1, width: 20, height: 16 }),
    (error: unknown) => error instanceof RunFailedError && /did not write/.test(error.message),
  );
  assert.deepEqual(readdirSync(join(root, 'foreign')), ['photo.png']);
});

test('from the command line', async () => {
  const out = join(root, 'cli');
  const small = ['--count', '1', '--width', '40', '--height', '30', '--threads', '1', '--reporter', 'plain'];
  const done = await cano(['run', 'examples/images/pipeline.ts', ...small, '--out', out]);
  assert.equal(done.code, 0, done.err);
  assert.match(
    done.out + done.err,
    /1 picture denoised in 1 tile; PSNR 2\d\.\d → \d\d\.\d dB on average\n.*page .*index\.html/,
  );
});

test('a folder without a picture ends in Empty and writes nothing', async () => {
  const [input, out] = [join(root, 'bare'), join(root, 'none')];
  mkdirSync(input);
  const values = pipeline.parse(
    new Map([
      ['input', input],
      ['out', out],
    ]),
  );
  const summary = async (): Promise<unknown> => {
    const store = pipeline.store(values) as MemoryStore<ImagesSchema>;
    const result = await engines[1].start(images, store).result;
    assert.equal(result.state, 'Empty');
    return pipeline.summary(store, result, values);
  };
  assert.deepEqual(await summary(), [`no PNG file in '${input}'; nothing was written`]);
  writeFileSync(join(input, 'a.png'), 'text');
  assert.deepEqual(await summary(), [
    `only PNG files that cannot be used (1 corrupt) in '${input}'; nothing was written`,
  ]);
  assert.equal(existsSync(out), false);
});

test('values that cannot be used are refused before anything starts', () => {
  const parse = (flag: string, text: string) => pipeline.parse(new Map([[flag, text]]));
  assert.throws(() => parse('noise', '300'), /--noise must be a number >= 0 and <= 100, got '300'/);
  assert.throws(() => parse('width', '8'), /--width must be an integer >= 16 and <= 4096, got '8'/);
  assert.throws(() => parse('strength', 'much'), /--strength must be a number/);
  assert.throws(
    () => pipeline.store(parse('out', join(root, 'foreign'))),
    /holds 'photo\.png', which this pipeline did not write/,
  );
});
