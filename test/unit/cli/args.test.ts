import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagsOf, RESERVED_FLAGS } from '../../../src/definition/inputs.ts';
import { readCommand, readRunFlags, RUN_FLAGS } from '../../../src/cli/args.ts';
import { distanceOf, suggestion } from '../../../src/cli/usage.ts';

const usage = (message: string) => ({ code: 'CANO_USAGE', message });

describe('readCommand', () => {
  const read: readonly (readonly [string, unknown])[] = [
    ['--help', { kind: 'help', of: 'cano' }],
    ['-h', { kind: 'help', of: 'cano' }],
    ['help', { kind: 'help', of: 'cano' }],
    ['help run', { kind: 'help', of: 'run' }],
    ['run --help', { kind: 'help', of: 'run' }],
    ['graph -h', { kind: 'help', of: 'graph' }],
    ['graph a.ts --help', { kind: 'help', of: 'graph' }],
    ['--version', { kind: 'version' }],
    ['-v', { kind: 'version' }],
    ['run a.ts', { kind: 'run', file: 'a.ts', rest: [] }],
    ['run a.ts --x 1', { kind: 'run', file: 'a.ts', rest: ['--x', '1'] }],
    ['grafana export d --force', { kind: 'grafana', rest: ['export', 'd', '--force'] }],
    ['grafana export --help', { kind: 'help', of: 'grafana' }],
    ['graph a.ts', { kind: 'graph', file: 'a.ts' }],
    ['trace open t.json --json', { kind: 'trace', rest: ['open', 't.json', '--json'] }],
    ['trace open --help', { kind: 'help', of: 'trace' }],
  ];
  for (const [line, command] of read) it(line, () => assert.deepEqual(readCommand(line.split(' ')), command));

  const refused: readonly (readonly [string, string])[] = [
    ['rnu a.ts', "unknown command 'rnu': did you mean 'run'?"],
    [
      'deploy',
      "unknown command 'deploy': the commands are 'run', 'bench', 'graph', 'serve', 'schedules', 'runs', 'trace', 'grafana'; cano --help tells more",
    ],
    ['--hlep', "unknown flag --hlep: did you mean '--help'?"],
    ['--threads 2', 'unknown flag --threads: cano --help lists what there is'],
    ['run', 'FILE is missing: write it right after the command, as in cano run pipeline.ts'],
    [
      'run --threads 2',
      'FILE is missing, and --threads stands in its place: write it right after the command, as in cano run pipeline.ts',
    ],
    ['graph a.ts b.ts', "cano graph takes one file and no flags, got 'b.ts'"],
  ];
  for (const [line, message] of refused)
    it(`refuses ${line}`, () => assert.throws(() => readCommand(line.split(' ')), usage(message)));

  it('refuses an empty line', () =>
    assert.throws(
      () => readCommand([]),
      usage('no command is given: cano run FILE runs a pipeline; cano --help lists everything'),
    ));
});

describe('readRunFlags', () => {
  const inputs = flagsOf({
    limit: { type: 'integer', description: 'x' },
    label: { type: 'string', description: 'x' },
    embed: { type: 'boolean', description: 'x' },
  });
  const read = (line: string): ReturnType<typeof readRunFlags> =>
    readRunFlags(line === '' ? [] : line.split(' '), inputs);

  it('has defaults', () =>
    assert.deepEqual(read(''), {
      report: undefined,
      threads: undefined,
      reporter: 'pretty',
      logLevel: undefined,
      trace: undefined,
      metrics: undefined,
      pairs: 0,
      verbose: false,
      help: false,
      given: new Map(),
    }));

  it('reads its own flags and those of the inputs', () => {
    assert.deepEqual(read('--threads 4 --reporter json --verbose --limit=3 --label -5 --no-embed'), {
      report: undefined,
      threads: 4,
      reporter: 'json',
      logLevel: undefined,
      trace: undefined,
      metrics: undefined,
      pairs: 0,
      verbose: true,
      help: false,
      given: new Map<string, string | true>([
        ['limit', '3'],
        ['label', '-5'],
        ['no-embed', true],
      ]),
    });
    for (const level of ['debug', 'info', 'warn', 'error', 'none'])
      assert.equal(read(`--log-level ${level}`).logLevel, level);
    assert.equal(read('--compare').pairs, 3);
    assert.equal(read('--compare --pairs 5').pairs, 5);
    assert.equal(read('--trace t.json.gz').trace, 't.json.gz');
    assert.equal(read('--help').help, true);
    assert.equal(read('-h').help, true);
    assert.equal(read('--limit 1 --limit 2').given.get('limit'), '2');
    assert.equal(read('--label=--limit').given.get('label'), '--limit');
    assert.equal(read('--embed=false').given.get('embed'), 'false');
  });

  const refused: readonly (readonly [string, string])[] = [
    ['--threads 0', "--threads must be an integer from 1 to 1024, got '0'"],
    ['--threads 1025', "--threads must be an integer from 1 to 1024, got '1025'"],
    ['--threads two', "--threads must be an integer from 1 to 1024, got 'two'"],
    ['--threads -1', "--threads must be an integer from 1 to 1024, got '-1'"],
    ['--threads 1.5', "--threads must be an integer from 1 to 1024, got '1.5'"],
    ['--threads', '--threads needs a value: write --threads VALUE'],
    ['--threads --limit 3', '--threads needs a value, and --limit follows it: write --threads VALUE'],
    ['--reporter prety', "--reporter must be one of pretty, plain, json, none, got 'prety': did you mean 'pretty'?"],
    ['--reporter xml', "--reporter must be one of pretty, plain, json, none, got 'xml'"],
    ['--log-level', '--log-level needs a value: write --log-level VALUE'],
    ['--log-level wran', "--log-level must be one of debug, info, warn, error, none, got 'wran': did you mean 'warn'?"],
    ['--thraeds 2', "unknown flag --thraeds: did you mean '--threads'?"],
    ['--lim 2', "unknown flag --lim: did you mean '--limit'?"],
    ['--outrageous 2', 'unknown flag --outrageous: --help after the file lists what there is'],
    ['-x', 'unknown flag -x: --help after the file lists what there is'],
    ['more', "unexpected argument 'more': values belong to a flag, as in --name value"],
    ['--verbose=1', "--verbose takes no value, got '1'"],
    ['--trace', '--trace needs a value: write --trace VALUE'],
    [
      '--compare --trace t.json',
      '--compare runs the pipeline several times, so --trace has no meaning with it: leave out one of the two',
    ],
    ['--pairs 2', '--pairs has no meaning without --compare: add --compare'],
    ['--compare --pairs 0', "--pairs must be an integer from 1 to 100, got '0'"],
    [
      '--compare --reporter json',
      '--compare prints a table of its own, so --reporter json has no meaning with it: leave out one of the two',
    ],
  ];
  for (const [line, message] of refused) it(`refuses ${line}`, () => assert.throws(() => read(line), usage(message)));

  it('keeps its own flags out of the names of inputs', () => {
    for (const flag of Object.keys(RUN_FLAGS)) assert.ok(RESERVED_FLAGS.has(flag), flag);
  });
});

describe('suggestion', () => {
  it('knows how far words are apart', () => {
    const rows: readonly (readonly [string, string, number])[] = [
      ['', 'abc', 3],
      ['abc', 'abc', 0],
      ['kitten', 'sitting', 3],
      ['thraeds', 'threads', 1],
    ];
    for (const [a, b, distance] of rows) {
      assert.equal(distanceOf(a, b), distance);
      assert.equal(distanceOf(b, a), distance);
    }
  });

  it('names the nearest, or nothing', () => {
    assert.equal(suggestion('limt', ['label', 'limit']), "did you mean 'limit'?");
    assert.equal(suggestion('x', ['label', 'limit']), undefined);
    assert.equal(suggestion('y', []), undefined);
  });
});
