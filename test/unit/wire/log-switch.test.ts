import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkLogLevel, createLog, LOG_LEVELS } from '../../../src/core/log.ts';
import { LogSwitch } from '../../../src/wire/log-switch.ts';

it('a switch is one word that both of its sides see', () => {
  const here = new LogSwitch('warn');
  const there = new LogSwitch(here.buffer);
  assert.equal(there.level, 'warn');
  for (const level of LOG_LEVELS) {
    here.level = level;
    assert.deepEqual([there.level, there.rank], [level, LOG_LEVELS.indexOf(level)]);
  }
});

it('a log writes what its gate lets through, its methods taken off it, as the gate is at that moment', () => {
  const gate = new LogSwitch('info');
  const written: unknown[] = [];
  const { debug, info, warn, error, isEnabled } = createLog(gate, (...line) => written.push(line));
  debug('no');
  info('yes', { a: 1 });
  gate.level = 'error';
  warn('no');
  error('yes');
  assert.deepEqual([isEnabled('warn'), isEnabled('error')], [false, true]);
  gate.level = 'none';
  error('no');
  gate.level = 'debug';
  debug('yes');
  assert.deepEqual(written, [
    ['info', 'yes', { a: 1 }],
    ['error', 'yes', undefined],
    ['debug', 'yes', undefined],
  ]);
});

it('what JavaScript hands in as message and fields becomes text and fields', () => {
  const written: unknown[] = [];
  const log = createLog(new LogSwitch('debug'), (_level, ...line) => written.push(line));
  const info = log.info as (message: unknown, fields?: unknown) => void;
  const error = new TypeError('no');
  info(5, error);
  info(Symbol('s'), [1]);
  info(null, 'text');
  info('m', null);
  assert.deepEqual(written, [
    ['5', { err: error }],
    ['Symbol(s)', { value: [1] }],
    ['null', { value: 'text' }],
    ['m', { value: null }],
  ]);
});

it('a level that is none is refused by its name', () => {
  assert.equal(checkLogLevel('x', 'none'), 'none');
  assert.throws(() => checkLogLevel('createEngine: logLevel', 'verbose'), {
    code: 'CANO_INVALID_OPTION',
    message: "createEngine: logLevel must be one of debug, info, warn, error, none, got 'verbose'",
  });
});
