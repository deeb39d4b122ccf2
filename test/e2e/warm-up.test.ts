/** `engine.warmUp`: threads are ready before the first run. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createEngine, EngineClosedError, MemoryStore, nodeFor, retry, Workflow } from '../../src/index.ts';
import type { BoundExec } from '../../src/index.ts';
import warm, { broken } from '../fixtures/warm.ts';

const workflowOf = (exec: BoundExec<undefined, number>) =>
  new Workflow<'Go' | 'Done', MemoryStore>('warm', 'Go')
    .registerNode('Go', nodeFor<MemoryStore>()({ name: 'go', outcomes: ['Done'], exec, retry: retry.none() }))
    .addExitStates('Done');

function logIn(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cano-warm-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'setups');
}

test('every thread loads and sets up once, and the run that follows sets up nothing', async (context) => {
  const log = logIn(context);
  await using engine = createEngine({ threads: 2 });
  const workflow = workflowOf(warm.with({ log }));
  await engine.warmUp(workflow);
  const threads = readFileSync(log, 'utf8').trimEnd().split('\n');
  assert.equal(new Set(threads).size, 2);
  assert.equal(threads.length, 2);
  await Promise.all(Array.from({ length: 20 }, async () => engine.start(workflow, new MemoryStore()).result));
  await engine.warmUp(workflow);
  assert.equal(readFileSync(log, 'utf8').trimEnd().split('\n').length, 2);
  assert.equal(engine.stats().inFlight, 0);
});

test('what cannot be set up is told by the run, not by the warm-up', async () => {
  await using engine = createEngine({ threads: 2 });
  const workflow = workflowOf(broken);
  await engine.warmUp(workflow);
  await assert.rejects(engine.start(workflow, new MemoryStore()).result, /setup of exec 'broken' failed: no model/);
});

test('an inline engine warms up on the main thread', async (context) => {
  const log = logIn(context);
  await using engine = createEngine({ inline: true });
  await engine.warmUp(workflowOf(warm.with({ log })));
  assert.equal(readFileSync(log, 'utf8'), '0\n');
});

test('a closed engine is not warmed up', async () => {
  const engine = createEngine({ threads: 1 });
  await engine.close();
  await assert.rejects(engine.warmUp(workflowOf(broken)), EngineClosedError);
});
