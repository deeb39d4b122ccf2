/**
 * Chunks that are divided while they run. One item waits until every other has been started: those that come after it in
 * its chunk must have been given to the other thread, or nothing ever ends.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RunCancelledError, ThreadDiedError, AttemptTimeoutError } from '../../src/index.ts';
import type { ExecutionOptions } from '../../src/definition/node.ts';
import type { Act } from '../fixtures/execs/acts.ts';
import { attemptsByItem, performAll, unhandled, watchedEngine, within } from '../support/faults.ts';

const COUNT = 200;

/** Of these places at least one is not the last of its chunk. */
const PLACES = [110, 111, 112];

interface Performed {
  readonly launched: ReturnType<typeof performAll>;
  readonly calls: Int32Array;
}

function performWith(
  watched: ReturnType<typeof watchedEngine>,
  kind: string,
  place: number,
  options: ExecutionOptions = {},
): Performed {
  const counts = new SharedArrayBuffer(4 * COUNT);
  const acts = Array.from({ length: COUNT }, (_value, id): Act =>
    id === place ? { kind, id, ms: COUNT, value: id } : { kind: 'busy', id, ms: 0.5, value: id },
  );
  return { launched: performAll(watched.engine, acts, { ...options, counts }), calls: new Int32Array(counts) };
}

const onceEach = Array.from({ length: COUNT }, () => 1);

describe('a chunk whose present item takes long', () => {
  it('is divided: the other thread does the rest, once, and results are in order', async () => {
    await using watched = watchedEngine();
    for (const place of PLACES) {
      const { launched, calls } = performWith(watched, 'lastOfAll', place);
      const ends = await within(launched.ends, `the batch with item ${place}`);
      assert.deepEqual(
        ends.map((end) => end.ok && end.value),
        Array.from({ length: COUNT }, (_value, id) => id),
      );
      assert.deepEqual([...calls], onceEach);
      assert.deepEqual([...attemptsByItem(launched.events).values()], onceEach);
    }
  });

  it('pays alone when it ends its thread after the division', async () => {
    await using watched = watchedEngine();
    for (const place of PLACES) {
      const { launched, calls } = performWith(watched, 'exitLastOfAll', place);
      const ends = await within(launched.ends, `the batch with item ${place}`);
      assert.deepEqual(
        ends.flatMap((end) => (end.ok ? [] : [[end.index, end.error instanceof ThreadDiedError]])),
        [[place, true]],
      );
      assert.deepEqual([...attemptsByItem(launched.events).values()], onceEach);
      assert.equal(calls[place], 1);
    }
    assert.equal(watched.deaths().length, PLACES.length);
  });

  it('is terminated alone at its timeout', async () => {
    await using watched = watchedEngine({ grace: '20ms' });
    for (const place of PLACES) {
      const { launched } = performWith(watched, 'spinLastOfAll', place, { timeout: '1s' });
      const ends = await within(launched.ends, `the batch with item ${place}`);
      assert.deepEqual(
        ends.flatMap((end) => (end.ok ? [] : [[end.index, end.error instanceof AttemptTimeoutError]])),
        [[place, true]],
      );
      assert.deepEqual([...attemptsByItem(launched.events).values()], onceEach);
    }
  });

  it('stops with its run, and so does the rest', async () => {
    await using watched = watchedEngine({ grace: '20ms' });
    for (const place of PLACES) {
      // More calls than there are: it goes on until it is stopped.
      const { launched, calls } = performWith(watched, 'lastOfAll', place);
      while (calls.reduce((sum, each) => sum + each, 0) < place) await new Promise((resolve) => setImmediate(resolve));
      launched.run.cancel('enough');
      await assert.rejects(within(launched.run.result, 'the cancelled run'), RunCancelledError);
      assert.ok(calls.every((each) => each <= 1));
      const ends = launched.events.filter(({ type }) => type === 'exec.finished').length;
      assert.equal(ends, attemptsByItem(launched.events).size);
    }
    assert.deepEqual(unhandled, []);
  });
});
