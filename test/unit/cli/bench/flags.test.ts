import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCommand } from '../../../../src/cli/args.ts';
import { readBenchFlags, readSubject, type BenchFlags } from '../../../../src/cli/bench/flags.ts';
import { helpOf } from '../../../../src/cli/help.ts';
import type { PipelineFlag } from '../../../../src/cli/pipeline-file.ts';
import { flagsOf } from '../../../../src/definition/inputs.ts';

const INPUTS: readonly PipelineFlag[] = flagsOf({
  limit: { type: 'integer', description: 'x' },
  threshold: { type: 'number', description: 'has the name of a flag of bench' },
  fast: { type: 'boolean', description: 'x' },
});
const read = (...rest: readonly string[]): BenchFlags => readBenchFlags(rest, INPUTS);
const refuses = (rest: readonly string[], message: RegExp): void =>
  assert.throws(() => read(...rest), { code: 'CANO_USAGE', message });

describe('what is measured', () => {
  it('is a file, or kernels', () => {
    assert.deepEqual(readCommand(['bench', 'a.ts', '--repeat', '2']), {
      kind: 'bench',
      rest: ['a.ts', '--repeat', '2'],
    });
    assert.deepEqual(readSubject(['a.ts', '--repeat', '2']), { kind: 'file', file: 'a.ts', rest: ['--repeat', '2'] });
    assert.deepEqual(readSubject(['--builtin']), { kind: 'builtin', names: [], rest: [] });
    assert.deepEqual(readSubject(['--repeat', '2', '--builtin', 'a', 'b,c', 'a', '--json']), {
      kind: 'builtin',
      names: ['a', 'b', 'c'],
      rest: ['--repeat', '2', '--json'],
    });
    // Behind -- words belong to the pipeline.
    assert.equal(readSubject(['a.ts', '--', '--builtin']).kind, 'file');
  });

  it('must be one of both', () => {
    assert.throws(() => readSubject([]), { code: 'CANO_USAGE', message: /FILE is missing: .*cano bench --builtin/ });
    assert.throws(() => readSubject(['--json']), { message: /FILE is missing, and --json stands in its place/ });
    assert.throws(() => readSubject(['a.ts', '--builtin']), { message: /'a\.ts' and --builtin are both given/ });
  });
});

describe('the flags of bench', () => {
  it('have defaults', () => {
    const { given, ...flags } = read();
    assert.equal(given.size, 0);
    assert.deepEqual(flags, {
      threads: undefined,
      repeat: 5,
      warmup: 1,
      json: false,
      html: undefined,
      baseline: undefined,
      threshold: 0.1,
      timeoutMs: 600_000,
      verbose: false,
      help: false,
    });
  });

  it('are read', () => {
    const flags = read(
      '--threads',
      '4,1, 2,1',
      '--repeat=2',
      '--warmup',
      '0',
      '--json',
      '--html',
      'x.html',
      '--timeout',
      '90s',
    );
    assert.deepEqual([flags.threads, flags.repeat, flags.warmup], [[1, 2, 4], 2, 0]);
    assert.deepEqual([flags.json, flags.html, flags.timeoutMs], [true, 'x.html', 90_000]);
    assert.equal(read('--baseline', 'b.json', '--threshold', '2.5%').threshold, 0.025);
  });

  it('stand among those of the pipeline; where both have one, that of the pipeline stands behind --', () => {
    const flags = read(
      '--limit',
      '5',
      '--baseline',
      'b.json',
      '--threshold',
      '5%',
      '--no-fast',
      '--',
      '--threshold',
      '0.9',
    );
    assert.deepEqual(
      [...flags.given],
      [
        ['limit', '5'],
        ['no-fast', true],
        ['threshold', '0.9'],
      ],
    );
    assert.equal(flags.threshold, 0.05);
    refuses(['--threshold', '0.9'], /no meaning without --baseline: write the pipeline's own --threshold behind --/);
    refuses(['--', '--repeat', '2'], /unknown flag --repeat/);
  });

  it('are refused with the value and the remedy', () => {
    refuses(['--threads', '1,x'], /--threads must be integers from 1 to 1024 with commas .* such as 1,2,4, got '1,x'/);
    refuses(['--threads', '0'], /got '0'/);
    refuses(['--threads', '1,,2'], /got '1,,2'/);
    refuses(['--threads', '4096'], /got '4096'/);
    refuses(['--repeat', '0'], /--repeat must be an integer from 1 to 100, got '0'/);
    refuses(['--warmup', '-1'], /--warmup/);
    refuses(['--threshold', '10', '--baseline', 'b'], /--threshold must be a percentage such as 10%, got '10'/);
    refuses(['--timeout', 'soon'], /--timeout must be a duration such as 90s, 10m or 2h, at most 24 days, got 'soon'/);
    refuses(['--timeout', '9999h'], /at most 24 days/);
    refuses(['--timeout', '0s'], /got '0s'/);
    refuses(['--html'], /--html needs a value/);
    refuses(['--jsom'], /unknown flag --jsom: did you mean '--json'\?/);
  });
});

describe('the help of bench', () => {
  it('lists flags and kernels', () => {
    const help = helpOf('bench');
    for (const word of [
      '--threads LIST',
      '--baseline FILE',
      'monteCarlo',
      'minhash',
      'Exit codes: 0 done, 1 a run failed',
    ]) {
      assert.ok(help.includes(word), word);
    }
    assert.deepEqual(readCommand(['bench', '--help']), { kind: 'help', of: 'bench' });
    assert.deepEqual(readCommand(['help', 'bench']), { kind: 'help', of: 'bench' });
    assert.match(helpOf('cano'), /cano bench FILE/);
  });
});
