/** What the bench makes of a contender's process: a report, a hang, a crash. Real processes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measureApart } from '../../../bench/measure-apart.ts';

const program = new URL('../../fixtures/bench/child.mjs', import.meta.url);

describe('the process of a measurement', () => {
  it('reports and ends', async () => {
    assert.deepEqual(await measureApart(program, ['report'], 30), {
      kind: 'measured',
      measurement: { value: 12.5 },
      exited: true,
    });
  });

  it('is stopped when it does not end after its report, and the report counts', async () => {
    assert.deepEqual(await measureApart(program, ['linger'], 30), {
      kind: 'measured',
      measurement: { value: 1 },
      exited: false,
    });
  });

  it('hangs when it does not report in time', async () => {
    assert.deepEqual(await measureApart(program, ['hang'], 1), { kind: 'hung', seconds: 1 });
  });

  it('crashes when it ends without a report, with the end of what it printed', async () => {
    const outcome = await measureApart(program, ['crash'], 30);
    assert.equal(outcome.kind, 'crashed');
    assert.match(outcome.detail, /^exit code 1: .*planted crash/s);
  });

  it('measured nothing when the figure is no number', async () => {
    assert.deepEqual(await measureApart(program, ['nothing'], 30), {
      kind: 'crashed',
      detail: 'exit code 0: nothing completed',
    });
  });
});
