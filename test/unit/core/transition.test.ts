import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAfterFailure, decideAfterOutcome } from '../../../src/core/transition.ts';

const exits = new Set(['Complete', 'Failed']);

test('an outcome that is a state is entered', () => {
  assert.deepEqual(decideAfterOutcome({ routes: {} }, 'Process', exits), { kind: 'enter', state: 'Process' });
});

test('an outcome that is an exit state completes the run', () => {
  assert.deepEqual(decideAfterOutcome({ routes: {} }, 'Complete', exits), { kind: 'complete', state: 'Complete' });
});

test('a route leads to a state or an exit state', () => {
  const routing = { routes: { ok: 'Complete', again: 'Process' } };
  assert.deepEqual(decideAfterOutcome(routing, 'ok', exits), { kind: 'complete', state: 'Complete' });
  assert.deepEqual(decideAfterOutcome(routing, 'again', exits), { kind: 'enter', state: 'Process' });
});

test('a route wins over a state of the same name', () => {
  const routing = { routes: { Complete: 'Audit' } };
  assert.deepEqual(decideAfterOutcome(routing, 'Complete', exits), { kind: 'enter', state: 'Audit' });
});

test('an outcome named like a member of Object.prototype is not taken for a route', () => {
  for (const outcome of ['constructor', 'toString', '__proto__']) {
    assert.deepEqual(decideAfterOutcome({ routes: {} }, outcome, exits), { kind: 'enter', state: outcome });
  }
});

test('a failed visit fails the run unless there is an onFailure route', () => {
  assert.deepEqual(decideAfterFailure({ routes: { Failed: 'Process' } }, exits), { kind: 'fail' });
  assert.deepEqual(decideAfterFailure({ routes: {}, onFailure: 'Repair' }, exits), { kind: 'enter', state: 'Repair' });
  assert.deepEqual(decideAfterFailure({ routes: {}, onFailure: 'Failed' }, exits), {
    kind: 'complete',
    state: 'Failed',
  });
});
