import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  compareWith,
  matchBaseline,
  verdictOf,
  type Difference,
  type Verdict,
} from '../../../../src/cli/bench/baseline.ts';
import { readBaseline, type Baseline, type Benchmark } from '../../../../src/cli/bench/document.ts';
import { benchmarkOf, documentOf, HERE, sampleOf, samplesOf } from '../../../support/bench-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'cano-baseline-'));
after(() => rmSync(folder, { recursive: true }));
const fileOf = (text: string): string => {
  const file = join(folder, 'before.json');
  writeFileSync(file, text);
  return file;
};

const then = benchmarkOf(samplesOf({ 1: [1_000, 1_010, 990, 1_005, 995], 2: [520, 515, 525, 522, 518] }));
const baseline = (benchmark: Benchmark = then): Baseline => ({ ...documentOf([benchmark]), file: 'before.json' });

describe('a baseline', () => {
  it('is what --json has printed', () => {
    const read = readBaseline(fileOf(JSON.stringify(documentOf([then]))));
    assert.deepEqual(read.benchmarks[0]?.samples, then.samples);
    assert.equal(read.environment.cpu, HERE.cpu);
  });

  for (const [what, text, message] of [
    ['no JSON', '{ "v": 1', /is not JSON .*: it must be what cano bench FILE --json has printed/],
    ['something else', '[1]', /the content of .* is not an object/],
    ['another document', '{ "kind": "spans", "v": 1 }', /is no benchmark/],
    [
      'another version',
      '{ "kind": "cano.bench", "v": 2 }',
      /has version 2 of the format.*: measure the baseline again/,
    ],
    [
      'half of it',
      '{ "kind": "cano.bench", "v": 1, "createdAt": "x", "environment": {} }',
      /environment\.cano of .* is not a text/,
    ],
  ] as const) {
    it(`that is ${what} is refused`, () => {
      assert.throws(() => readBaseline(fileOf(text)), { code: 'CANO_USAGE', message });
    });
  }

  it('with a damaged sample is refused, with its place', () => {
    const document = JSON.parse(JSON.stringify(documentOf([then]))) as {
      benchmarks: { samples: { wallMs: unknown }[] }[];
    };
    const damaged = document.benchmarks[0]?.samples[3] ?? assert.fail('there is no such sample');
    damaged.wallMs = null;
    assert.throws(() => readBaseline(fileOf(JSON.stringify(document))), {
      message: /benchmarks\[0\]\.samples\[3\]\.wallMs of .* is not a number above 0/,
    });
  });

  it('that is not there is refused', () => {
    assert.throws(() => readBaseline(join(folder, 'none.json')), {
      code: 'CANO_USAGE',
      message: /cannot read .* \(ENOENT\): make one/,
    });
  });
});

describe('what is compared', () => {
  const match = (now: Partial<Benchmark>, here: Partial<typeof HERE> = {}, counts: readonly number[] = [1, 2]) =>
    matchBaseline(baseline(), { ...then, ...now }, counts, { ...HERE, ...here });

  it('is the same work on the same machine', () => {
    assert.deepEqual(match({}).warnings, []);
    for (const [now, here, counts, message] of [
      [{ workflow: 'other' }, {}, [1], /is of 'primes', and this is 'other'/],
      [{ inputs: { limit: 11, out: './out' } }, {}, [1], /had other inputs \(limit 10 then, 11 now\)/],
      [{ inputs: { out: './out' } }, {}, [1], /had other inputs \(limit 10 then, not set now\)/],
      [{}, { cpu: 'Other' }, [1], /is of another machine \(cpu Some CPU <fast> then, Other now\)/],
      [{}, { usableCores: 2 }, [1], /is of another machine \(usableCores 4 then, 2 now\)/],
      [{}, {}, [4, 8], /has 1, 2 threads, and none of these is measured now \(4, 8\): add --threads 1,2/],
    ] as const) {
      assert.throws(() => match(now, here, counts), { code: 'CANO_USAGE', message });
    }
  });

  it('may differ in what does not make it meaningless; that is told', () => {
    const { warnings } = match({ inputs: { limit: 10, out: '/tmp/x' }, definitionHash: 'abd' }, { node: 'v24.1.0' });
    assert.deepEqual(warnings, [
      'another path: out "./out" then, "/tmp/x" now',
      'its states, nodes or routes have changed since',
      'node v20.20.2 then, v24.1.0 now',
    ]);
  });
});

describe('the verdict', () => {
  const verdict = (factor: number, threshold = 0.1, allMs = 200): Difference => {
    const samples = then.samples.map((sample) => ({
      ...sample,
      wallMs: sample.wallMs * factor,
      control: { oneMs: allMs, allMs },
    }));
    const { differences } = compareWith({ benchmark: then, warnings: [] }, benchmarkOf(samples), threshold);
    return differences[1] as Difference;
  };

  it('is slower past the threshold and beyond the noise', () => {
    assert.equal(verdict(1.15).verdict, 'slower');
    assert.equal(verdict(1.05).verdict, 'same');
    assert.equal(verdict(1.05, 0.02).verdict, 'slower');
    assert.equal(verdict(1).verdict, 'same');
    assert.equal(verdict(0.8).verdict, 'faster');
    assert.ok(Math.abs(verdict(1.15).ratio.value - 1.15) < 1e-9, 'the ratio is that of the medians');
  });

  it('is not slower where noise explains it', () => {
    assert.equal(verdictOf({ value: 1.2, low: 0.98, high: 1.5 }, 1, 0.1), 'same');
    assert.equal(verdictOf({ value: 0.8, low: 0.6, high: 1.02 }, 1, 0.1), 'same');
  });

  it('blames the machine for what the machine has lost', () => {
    assert.equal(verdict(1.2, 0.1, 240).verdict, 'machine');
    assert.equal(verdict(1.5, 0.1, 240).verdict, 'slower');
    // A faster machine excuses nothing.
    assert.equal(verdict(1.2, 0.1, 150).verdict, 'slower');
  });

  it('compares the spin per iteration', () => {
    const now = benchmarkOf(then.samples, { controlIterations: 2e6 });
    assert.equal(compareWith({ benchmark: then, warnings: [] }, now, 0.1).differences[0]?.machine, 0.5);
  });

  it('leaves out counts without a counterpart, and tells of other work', () => {
    const now = benchmarkOf(samplesOf({ 1: [1_000], 4: [300] }, { executions: 99 }));
    const { differences, missing, warnings } = compareWith({ benchmark: then, warnings: ['w'] }, now, 0.1);
    assert.deepEqual(
      differences.map(({ threads }) => threads),
      [1],
    );
    assert.deepEqual(missing, [4]);
    assert.deepEqual(warnings, ['w', '120 executions then, 99 now: that is other work, and not compared']);
  });

  const verdictsOf = (before: Benchmark, now: Benchmark): Verdict[] =>
    compareWith({ benchmark: before, warnings: [] }, now, 0.1).differences.map((difference) => difference.verdict);

  it('is none of other work, whether it took longer or not', () => {
    for (const [factor, executions] of [
      [0.1, 12],
      [1, 121],
      [1.5, 180],
    ] as const) {
      const samples = then.samples.map((sample) => ({ ...sample, wallMs: sample.wallMs * factor, executions }));
      assert.deepEqual(verdictsOf(then, benchmarkOf(samples)), ['other', 'other']);
    }
  });

  it('is given where the work varies from run to run, as it did then', () => {
    const varying = (from: number): Benchmark =>
      benchmarkOf([
        ...samplesOf({ 1: [1_000, 1_000, 1_000] }),
        ...[1, 2, 3].map((round) => sampleOf({ round, threads: 2, wallMs: 500, executions: from + round })),
      ]);
    assert.deepEqual(verdictsOf(varying(100), varying(100)), ['same', 'same']);
    assert.deepEqual(verdictsOf(varying(100), varying(102)), ['same', 'same']);
    assert.deepEqual(verdictsOf(varying(100), varying(103)), ['same', 'other']);
    const { warnings, differences } = compareWith({ benchmark: varying(100), warnings: [] }, varying(103), 0.1);
    assert.deepEqual(warnings, [
      '2 threads: 101 to 103 executions then, 104 to 106 now: that is other work, and not compared',
    ]);
    assert.deepEqual(differences[1]?.thenExecutions, { least: 101, most: 103 });
    assert.deepEqual(differences[1]?.nowExecutions, { least: 104, most: 106 });
  });
});
