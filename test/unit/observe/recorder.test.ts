/** What a recorder keeps of events that do not come one visit after the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEvent, RunEventBody } from '../../../src/core/events.ts';
import { N_BRANCH, N_NODE, N_RUN, N_STATE, NAMES } from '../../../src/observe/trace/record.ts';
import { Recorder } from '../../../src/observe/trace/recorder.ts';

const A = '018f0000-0000-7000-8000-00000000000a';
const B = '018f0000-0000-7000-8000-00000000000b';

const event = (runId: string, body: RunEventBody): RunEvent => ({
  v: 1,
  seq: 1,
  at: 1,
  runId,
  workflow: 'w',
  version: 1,
  ...body,
});
const entered = (runId: string, state: string, visit: number): RunEvent =>
  event(runId, { type: 'state.entered', state, node: state.toLowerCase(), visit, kind: 'node' });
const left = (runId: string, state: string, visit: number): RunEvent =>
  event(runId, {
    type: 'transition',
    state,
    node: state.toLowerCase(),
    visit,
    outcome: 'Next',
    to: 'Next',
    failed: false,
    prepMs: 0,
    postMs: 0,
  });
const executed = (runId: string, state: string, visit: number, node: string, branch?: string): RunEvent =>
  event(runId, {
    type: 'exec.finished',
    state,
    node,
    visit,
    ...(branch === undefined ? {} : { branch }),
    attempt: 1,
    outcome: 'ok',
    queuedAt: 1,
    postedAt: 1,
    startedAt: 1,
    endedAt: 1,
    receivedAt: 1,
    waitMs: 0,
    together: 1,
    cloneMs: 0,
    bytesIn: 0,
    bytesOut: 0,
  });

/** Names of what was kept, an entry for each record. */
function kept(events: readonly RunEvent[], fields: readonly number[], cells = 100): string[] {
  const recorder = new Recorder(cells);
  for (const each of events) recorder.record(each);
  const { count, names } = recorder.snapshot();
  return Array.from({ length: count }, (_value, at) =>
    fields.map((field) => names[at * NAMES + field] as string).join(' '),
  );
}

describe('a record has the place of its own event', () => {
  it('when two runs have visits of the same number', () => {
    const events = [entered(A, 'One', 1), executed(B, 'Two', 1, 'two'), left(B, 'Two', 1), left(A, 'One', 1)];
    assert.deepEqual(kept(events, [N_RUN, N_STATE]), [`${A} One`, `${B} Two`, `${B} Two`, `${A} One`]);
  });

  it('when a visit lies inside another one', () => {
    const events = [entered(A, 'Outer', 1), entered(A, 'Outer/In', 2), left(A, 'Outer/In', 2), left(A, 'Outer', 1)];
    assert.deepEqual(kept(events, [N_STATE]), ['Outer', 'Outer/In', 'Outer/In', 'Outer']);
  });

  it('when it is of a branch', () => {
    const events = [
      entered(A, 'Split', 1),
      executed(A, 'Split', 1, 'l', 'left'),
      executed(A, 'Split', 1, 'r', 'right'),
      left(A, 'Split', 1),
    ];
    // A transition has the state that it goes to in the place of the branch.
    assert.deepEqual(kept(events, [N_NODE, N_BRANCH]), ['split ', 'l left', 'r right', 'split Next']);
  });
});

describe('the id of a run', () => {
  it('may be any text, and gives its place to the next', () => {
    // Five runs in a memory of two: each place is taken by a UUID after a text, and the other way round.
    const ids = ['mine', A, B, 'älter', 'zuletzt'];
    for (let most = 1; most <= ids.length; most += 1) {
      const some = ids.slice(0, most);
      assert.deepEqual(
        kept(
          some.map((id) => entered(id, 'S', 1)),
          [N_RUN],
          2,
        ),
        some.slice(-2),
      );
    }
  });

  it('is a UUID only as cano writes it', () => {
    const others = [A.toUpperCase(), A.replace('-', '_'), A.replace('a', 'g'), A.replace('a', 'ä'), `${A}0`, ''];
    for (const id of [A, ...others]) assert.deepEqual(kept([entered(id, 'S', 1)], [N_RUN]), [id]);
  });
});
