import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanoError } from '../../../src/core/errors.ts';
import type { RunReport } from '../../../src/core/report.ts';
import { RunCancelledError, RunError, RunFailedError, RunTimedOutError } from '../../../src/core/run-errors.ts';

const report: RunReport = {
  runId: 'r1',
  workflow: 'orders',
  version: 1,
  status: 'failed',
  startedAt: 0,
  wallMs: 1,
  pendingMs: 0,
  stoppingMs: 0,
  threads: 2,
  transitions: 2,
  busyThreads: 0,
  threadMs: [],
  nodes: [],
};
const where = { workflow: 'orders', runId: 'r1', state: 'Process' };

for (const [Class, name, code] of [
  [RunFailedError, 'RunFailedError', 'CANO_RUN_FAILED'],
  [RunCancelledError, 'RunCancelledError', 'CANO_RUN_CANCELLED'],
  [RunTimedOutError, 'RunTimedOutError', 'CANO_RUN_TIMED_OUT'],
] as const) {
  test(`${name} carries code, run, state, report and cause`, () => {
    const cause = new Error('inner');
    const error = new Class('the run ended', where, report, cause);
    assert.ok(error instanceof RunError && error instanceof CanoError);
    const { message, runId, state } = error;
    assert.deepEqual(
      { name: error.name, code: error.code, message, runId, state, where: error.where },
      { name, code, message: 'the run ended', runId: 'r1', state: 'Process', where },
    );
    assert.equal(error.report, report);
    assert.equal(error.cause, cause);
  });
}

test('the reason of a cancel is kept even when it is undefined', () => {
  assert.ok('cause' in new RunCancelledError('cancelled', where, report, undefined));
});
