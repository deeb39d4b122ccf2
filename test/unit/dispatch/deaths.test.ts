import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeathReason } from '../../../src/core/errors.ts';
import { judge, reasonOf, settleRunning, type Verdict } from '../../../src/dispatch/deaths.ts';
import { okEnd, record } from './helpers.ts';

describe('judge', () => {
  //                                certain+letOff, certain, letOff, neither
  const table: readonly [DeathReason, Verdict, Verdict, Verdict, Verdict][] = [
    ['terminated', 'free', 'free', 'free', 'free'],
    ['out_of_memory', 'blame', 'blame', 'blame', 'blame'],
    ['protocol', 'blame', 'blame', 'blame', 'blame'],
    ['exit', 'blame', 'blame', 'blame', 'let_off'],
    ['uncaught_error', 'blame', 'blame', 'blame', 'let_off'],
  ];
  for (const [reason, ...verdicts] of table) {
    it(reason, () => {
      const found = [
        [true, true],
        [true, false],
        [false, true],
        [false, false],
      ].map(([certain, letOff]) => judge(reason, certain === true, letOff === true));
      assert.deepEqual(found, verdicts);
    });
  }
});

describe('reasonOf', () => {
  it('knows the rejections of Piscina from the errors of users', () => {
    assert.equal(reasonOf(new Error('Terminating worker thread')), 'terminated');
    assert.equal(reasonOf(new Error('worker exited with code: 3')), 'exit');
    assert.equal(reasonOf(Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' })), 'out_of_memory');
    // fetch and timers/promises throw these; nobody terminated anything.
    assert.equal(reasonOf(new DOMException('aborted', 'AbortError')), 'uncaught_error');
    for (const thrown of [null, undefined, 'text', 0, new Error('mine')])
      assert.equal(reasonOf(thrown), 'uncaught_error');
  });
});

describe('settleRunning', () => {
  const death = (reason: DeathReason, certain = true) => ({ reason, certain, error: new Error('why') });

  it('settles the item that ran, in its place, and leaves those before it whose results were lost', () => {
    const { execution, settled } = record({ items: ['a', 'b', 'c', 'd'], index: 5 });
    execution.settleNext(okEnd('A'));
    settleRunning(execution, death('out_of_memory'), 2, 10);
    assert.deepEqual(
      settled.map(({ index, end }) => [index, end.outcome]),
      [
        [5, 'ok'],
        [7, 'crash'],
      ],
    );
    execution.keepUnsettled();
    assert.deepEqual(execution.items, ['b', 'd']);
    assert.deepEqual([execution.indexAt(0), execution.indexAt(1)], [6, 8]);
  });

  it('lets the same item off once, and each item for itself', () => {
    const { execution, settled } = record({ items: ['a', 'b'], index: 0 });
    settleRunning(execution, death('uncaught_error', false), 0, 1);
    assert.equal(settled.length, 0);
    execution.settleNext(okEnd('A'));
    settleRunning(execution, death('uncaught_error', false), 1, 1);
    assert.equal(settled.length, 1, 'b has not been let off before');
    settleRunning(execution, death('exit', false), 1, 1);
    assert.deepEqual(
      settled.map(({ end }) => end.outcome),
      ['ok', 'crash'],
    );
  });

  it('calls a timeout a timeout and a cancellation a cancellation, and leaves a setup to others', () => {
    const timed = record({ timeoutMs: 5 });
    timed.execution.stop = { kind: 'timeout', position: 0, hardAt: 0, reason: 'r' };
    settleRunning(timed.execution, death('terminated'), 0, 1);
    assert.deepEqual(
      timed.settled.map(({ end }) => [end.outcome, (end.error as { rung?: string }).rung]),
      [['timeout', 'hard']],
    );
    const cancelled = record({ items: [1, 2], index: 0 });
    cancelled.execution.stop = { kind: 'cancelled', position: -1, hardAt: 0, reason: 'r' };
    settleRunning(cancelled.execution, death('terminated'), 0, 1);
    assert.deepEqual(
      cancelled.settled.map(({ end }) => [end.outcome, end.error, end.startedAt]),
      [['cancelled', 'r', 1]],
    );
    const setUp = record();
    setUp.execution.stop = { kind: 'setup', position: -1, hardAt: 0, reason: 'r' };
    settleRunning(setUp.execution, death('terminated'), 0, 1);
    assert.equal(setUp.settled.length, 0);
  });

  it('terminated for another item is free', () => {
    const { execution, settled } = record({ items: [1, 2], index: 0 });
    execution.stop = { kind: 'timeout', position: 0, hardAt: 0, reason: 'r' };
    settleRunning(execution, death('terminated'), 1, 1);
    assert.equal(settled.length, 0);
  });

  it('says what happened, where, and why', () => {
    const messages: readonly [DeathReason, RegExp][] = [
      ['exit', /^exec of 'n' did not end: it ended its thread \(why\)$/],
      ['uncaught_error', /an error thrown outside its call ended its thread: why$/],
      ['out_of_memory', /ran out of heap memory; raise resourceLimits or give it less at once$/],
      ['protocol', /its thread closed the channel to the main thread$/],
    ];
    for (const [reason, message] of messages) {
      const { execution, settled } = record();
      execution.thread = 3;
      settleRunning(execution, death(reason), 0, 1);
      const error = settled[0]?.end.error as Error & { code: string; reason: string; where: object };
      assert.match(error.message, message);
      assert.deepEqual([error.code, error.reason, (error.cause as Error).message], ['CANO_THREAD_DIED', reason, 'why']);
      assert.deepEqual(error.where, { node: 'n', runId: 'run', state: 'S', visit: 1, thread: 3 });
    }
  });
});
