import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CanoError, NonRetryableError } from '../../../src/core/errors.ts';
import { RunFailedError } from '../../../src/core/run-errors.ts';
import { describeFailure } from '../../../src/observe/failure.ts';
import { runReport } from './events.ts';

describe('describeFailure', () => {
  const cause = new NonRetryableError('too big', { where: { thread: 1 } });
  const where = { workflow: 'corpus', runId: 'run-1', state: 'Sign', node: 'minhash', visit: 2, item: 12, attempt: 4 };
  const failed = new RunFailedError("exec of node 'minhash' failed: too big", where, runReport([]), cause);

  it('says what and where', () => {
    assert.deepEqual(describeFailure(failed, false), [
      "exec of node 'minhash' failed: too big",
      'state Sign · node minhash · item 12 · attempt 4 · thread 1 · NonRetryableError · run run-1',
    ]);
  });

  it('adds the stacks when asked, the innermost first', () => {
    const lines = describeFailure(failed, true).slice(2);
    const [first, second] = lines.filter((text) => /^\w*Error/.test(text));
    assert.equal(first, 'NonRetryableError: too big');
    assert.match(second ?? '', /^(RunFailed)?Error: exec of node/);
    assert.ok(lines.some((text) => text.includes('failure.test.ts')));
  });

  it('copes with whatever was thrown', () => {
    assert.deepEqual(describeFailure('text', true), ["a thrown 'text'"]);
    assert.deepEqual(describeFailure(undefined, false), ['a thrown undefined']);
    assert.deepEqual(describeFailure(new CanoError('CANO_USAGE', 'two\nlines'), false), ['two', 'lines']);
    const endless = new Error('round');
    endless.cause = endless;
    assert.ok(describeFailure(endless, true).length < 200);
  });
});
