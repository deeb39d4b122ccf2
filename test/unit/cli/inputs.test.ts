import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { flagsOf, parseInputs, RESERVED_FLAGS, type InputDeclarations } from '../../../src/definition/inputs.ts';

const description = 'text';
const declared = {
  limit: { type: 'integer', default: 2000, min: 1, max: 9000, description: 'read at most so many' },
  minShare: { type: 'number', description },
  mode: { type: 'string', choices: ['fast', 'exact'], description },
  level: { type: 'integer', choices: [1, 2, 4], description },
  label: { type: 'string', default: 'x', description },
  input: { type: 'path', default: 'a', description },
  embed: { type: 'boolean', default: true, description },
  'dry-run': { type: 'boolean', description },
} as const satisfies InputDeclarations;

const given = (flags: Record<string, string | true>) => new Map(Object.entries(flags));
const usage = (message: RegExp) => ({ code: 'CANO_USAGE', message });

describe('parseInputs', () => {
  it('starts from the defaults', () => {
    assert.deepEqual(parseInputs(declared, given({})), {
      limit: 2000,
      minShare: undefined,
      mode: undefined,
      level: undefined,
      label: 'x',
      input: 'a',
      embed: true,
      'dry-run': undefined,
    });
  });

  it('reads every type', () => {
    const flags = {
      limit: '12',
      'min-share': '-1.5e-1',
      mode: 'exact',
      level: '4',
      label: '',
      input: '../b',
      'dry-run': true,
    } as const;
    assert.deepEqual(parseInputs(declared, given({ ...flags, 'no-embed': true })), {
      limit: 12,
      minShare: -0.15,
      mode: 'exact',
      level: 4,
      label: '',
      input: '../b',
      embed: false,
      'dry-run': true,
    });
    assert.equal(parseInputs(declared, given({ embed: 'false' })).embed, false);
    assert.equal(parseInputs(declared, given({ 'no-embed': 'false' })).embed, true);
    assert.equal(parseInputs(declared, given({ limit: '1e3' })).limit, 1000);
  });

  const refused: readonly (readonly [string, string | true, RegExp])[] = [
    ['limit', 'abc', /^--limit must be an integer >= 1 and <= 9000, got 'abc'$/],
    ['limit', '1.5', /got '1\.5'/],
    ['limit', '0', /got '0'/],
    ['limit', '9001', /got '9001'/],
    ['limit', '', /got ''/],
    ['limit', ' 1', /got ' 1'/],
    ['limit', '0x10', /got '0x10'/],
    ['limit', 'Infinity', /got 'Infinity'/],
    ['limit', true, /got true/],
    ['min-share', 'NaN', /^--min-share must be a number, got 'NaN'$/],
    ['mode', 'Fast', /^--mode must be one of fast, exact, got 'Fast'$/],
    ['level', '3', /^--level must be one of 1, 2, 4, got '3'$/],
    ['input', '', /^--input must be a path, got ''$/],
    ['embed', 'yes', /^--embed must be true or false, got 'yes'$/],
    ['no-embed', 'yes', /^--no-embed must be true or false, got 'yes'$/],
  ];
  for (const [flag, text, message] of refused) {
    it(`refuses --${flag} ${text}`, () => {
      assert.throws(() => parseInputs(declared, given({ [flag]: text })), usage(message));
    });
  }

  it('names everything required that is missing', () => {
    const needs = {
      from: { type: 'path', required: true, description: 'folder of texts' },
      count: { type: 'integer', min: 1, required: true, description: 'how many' },
      mode: { type: 'string', description },
    } as const;
    assert.throws(
      () => parseInputs(needs, given({})),
      usage(/^missing --from \(a path: folder of texts\) and --count \(an integer >= 1: how many\)$/),
    );
    assert.deepEqual(parseInputs(needs, given({ from: 'a', count: '1' })), { from: 'a', count: 1, mode: undefined });
  });

  it('reads back every number that it is given', () => {
    const number = { x: { type: 'number', description } } as const;
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        assert.equal(parseInputs(number, given({ x: String(x) })).x, Number(String(x)));
      }),
    );
  });
});

describe('flagsOf', () => {
  it('spells names as flags and gives switches a negation', () => {
    assert.deepEqual(
      flagsOf(declared).map(({ flag }) => flag),
      ['limit', 'min-share', 'mode', 'level', 'label', 'input', 'embed', 'no-embed', 'dry-run', 'no-dry-run'],
    );
    assert.deepEqual(
      flagsOf({ readURL: { type: 'string', description }, k2Means: { type: 'string', description } }).map(
        ({ flag }) => flag,
      ),
      ['read-url', 'k2-means'],
    );
  });

  it('never meets a reserved name with a dash in front', () => {
    for (const flag of RESERVED_FLAGS) assert.match(flag, /^[a-z]+(-[a-z]+)*$/);
  });
});
