/** Each rule at a report that it is made for, and beside it what must keep it silent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Advice } from '../../../src/core/advice.ts';
import { analyse } from '../../../src/core/analysis.ts';
import type { NodeReport, RunReport } from '../../../src/core/report.ts';
import { nodeReport, runReport } from '../observe/events.ts';

const row = (state: string, wallMs: number, fields: Partial<NodeReport> = {}): NodeReport =>
  nodeReport(state, { wallMs, pathMs: wallMs, ...fields });

function adviceOf(nodes: readonly NodeReport[], threads: number, fields: Partial<RunReport> = {}): readonly Advice[] {
  const wallMs = nodes.filter(({ branch }) => branch === undefined).reduce((sum, each) => sum + each.wallMs, 0);
  const onThreads = nodes.reduce((sum, { execMs, inlineMs }) => sum + execMs - inlineMs, 0);
  return analyse(runReport([...nodes], { wallMs, threads, threadMs: [onThreads], ...fields })).advice;
}

/** The one piece of advice, as its rule, its gain and its finding. */
const only = (advice: readonly Advice[]): readonly [string, number, string] => {
  assert.equal(advice.length, 1, JSON.stringify(advice));
  const [{ rule, gainMs, finding } = { rule: '', gainMs: 0, finding: '' }] = advice;
  return [rule, Math.round(gainMs), finding];
};

const idle = row('Idle', 1000);

test('an exec that ran alone', () => {
  assert.deepEqual(only(adviceOf([row('Fit', 1000, { execMs: 900 }), idle], 4)), [
    'alone',
    675,
    "'Fit' executed alone for 900ms (45% of the run) while 3 of 4 threads had nothing to do",
  ]);
  const visits = adviceOf([row('Fit', 1000, { node: 'train', execMs: 900, visits: 1200 }), idle], 2);
  assert.deepEqual(only(visits), [
    'alone',
    450,
    "'train' in state 'Fit' executed alone for 900ms (45% of the run) in 1,200 visits while the other thread had nothing to do",
  ]);
  assert.deepEqual(
    adviceOf([row('Fit', 1000, { execMs: 900 }), row('Idle', 9000)], 1),
    [],
    'one thread is never alone',
  );
});

test('a batch of few items, of one long item, of none of these', () => {
  const batch = (fields: Partial<NodeReport>): readonly Advice[] =>
    adviceOf([row('Fit', 1000, { kind: 'batch', execMs: 2000, executions: 40, ...fields })], 4);
  assert.deepEqual(only(batch({ executions: 3, longestMs: 1000 })), [
    'few_items',
    500,
    "'Fit' had 3 items for 4 threads and took 1.00s; cut finer, they take 500ms",
  ]);
  const [long] = batch({ longestMs: 700 });
  assert.deepEqual(only(batch({ longestMs: 700 })), [
    'long_item',
    500,
    "one of the 40 items of 'Fit' took 700ms of its 1.00s; evenly shared by 4 threads, all of them take 500ms",
  ]);
  assert.equal(long?.remedy, 'cut that item into several; put first, it alone saves 300ms at most');
  assert.equal(batch({ longestMs: 980 })[0]?.remedy, 'cut that item into several', 'it was first already');
  assert.deepEqual(only(batch({ longestMs: 60 })), [
    'starved',
    500,
    "'Fit' kept 2.0 of 4 threads busy for 1.00s; evenly shared by 4 threads, all of them take 500ms",
  ]);
  assert.deepEqual(only(batch({ longestMs: 60, retries: 3, backoffMs: 800 })), [
    'backoff',
    500,
    "3 retries of 'Fit' waited 800ms in back-off",
  ]);
});

test('a split that hangs on one branch', () => {
  const branch = (name: string, wallMs: number, pathMs: number): NodeReport =>
    row('Enrich', wallMs, { kind: 'branch', branch: name, pathMs, execMs: wallMs });
  const nodes = [row('Enrich', 1000, { kind: 'split' }), branch('geo', 1000, 1000), branch('price', 200, 0)];
  assert.deepEqual(only(adviceOf(nodes, 2)), [
    'slow_branch',
    400,
    "the split 'Enrich' hung on its branch 'geo' for 1.00s of 1.00s; evenly shared by 2 threads, all branches take 600ms",
  ]);
  const byDeadline = [row('Enrich', 1000, { kind: 'split' }), branch('geo', 300, 0), branch('price', 200, 0)];
  assert.deepEqual(adviceOf(byDeadline, 2), [], 'it hung on no branch');
});

test('copying to a batch, and to and from an exec', () => {
  const batch = row('Match', 1000, { kind: 'batch', execMs: 600, executions: 100, attempts: 100, cloneMs: 300 });
  assert.deepEqual(only(adviceOf([{ ...batch, bytesIn: 4e8, longestMs: 10 }], 2)), [
    'copying',
    600,
    "copying 400 MB to 'Match' held it up for 600ms (60% of the run), for 600ms of exec",
  ]);
  assert.deepEqual(
    adviceOf([{ ...batch, bytesIn: 1e5, longestMs: 10 }], 2),
    [],
    'little is copied: that the posting took so long has another reason',
  );
  const single = row('Load', 1000, {
    execMs: 100,
    queueMs: 300,
    cloneMs: 250,
    returnMs: 600,
    bytesIn: 1e6,
    bytesOut: 9e7,
  });
  const [first] = adviceOf([single], 2);
  assert.deepEqual(
    [first?.rule, first?.gainMs, first?.finding],
    ['copying', 900, "copying 91 MB to and from 'Load' held it up for 900ms (90% of the run), for 100ms of exec"],
  );
  assert.match(first?.remedy ?? '', /^return less/);
});

test('many small executions, and long waits for a thread', () => {
  const small = row('Step', 1000, { visits: 10_000, attempts: 10_000, execMs: 200, queueMs: 500, returnMs: 250 });
  assert.deepEqual(only(adviceOf([small, row('Idle', 1000)], 1)), [
    'dispatch',
    750,
    "10,000 executions of 'Step' took 20µs each on a thread and 75µs to get there and back",
  ]);
  const waits = row('Step', 1000, { attempts: 4, visits: 4, execMs: 200, queueMs: 720, returnMs: 1 });
  assert.deepEqual(only(adviceOf([waits, row('Idle', 1000)], 1)), [
    'waiting',
    721,
    "4 executions of 'Step' waited 180ms each for a thread",
  ]);
});

test('the main thread: what it computes, and what it waits for', () => {
  const prep = row('Parse', 1000, { prepMs: 980, blockedMs: 980 });
  assert.deepEqual(only(adviceOf([prep, row('Idle', 1000)], 4)), [
    'main_thread',
    735,
    "prep of 'Parse' took 980ms (49% of the run) on the main thread, and no thread worked for the run meanwhile",
  ]);
  const inline = row('Fetch', 1000, { prepMs: 300, execMs: 600, inlineMs: 600, postMs: 5, blockedMs: 20 });
  assert.deepEqual(only(adviceOf([inline, row('Idle', 1000)], 4)), [
    'main_thread_waits',
    905,
    "prep and exec of 'Fetch' took 905ms (45% of the run) on the main thread, waiting for the most part, and no thread worked for the run meanwhile",
  ]);
  assert.deepEqual(adviceOf([prep, row('Idle', 1000)], 1), [], 'one thread is no faster than the main thread');
  assert.deepEqual(adviceOf([prep, row('Idle', 1000)], 0), [], 'inline');
  const bySide = row('Fold', 1000, { kind: 'batch', postMs: 900, blockedMs: 900, execMs: 100 });
  assert.equal(adviceOf([bySide], 2)[0]?.finding, "post of 'Fold' took 900ms (90% of the run) on the main thread");
});

test('back-off, transitions, and threads that are busy', () => {
  const fails = row('Call', 1000, { execMs: 10, retries: 2, backoffMs: 900 });
  assert.deepEqual(only(adviceOf([fails], 1)), ['backoff', 900, "2 retries of 'Call' waited 900ms in back-off"]);
  const loop = adviceOf([row('Loop', 400)], 2, { wallMs: 1000, transitions: 500_000 });
  assert.deepEqual(only(loop), [
    'between',
    1000,
    '500,000 transitions took 1.00s (100% of the run) beside the work of their nodes',
  ]);
  const busy = row('Sign', 1000, { kind: 'batch', executions: 1000, execMs: 1960, longestMs: 4 });
  assert.deepEqual(only(adviceOf([busy], 2)), [
    'busy',
    490,
    "the 2 threads executed 98% of the time, most of it 'Sign' (100% of all exec)",
  ]);
  assert.match(adviceOf([row('Sign', 1000, { kind: 'batch', execMs: 900 })], 1)[0]?.finding ?? '', /^the one thread/);
});

test('the three that could bring most, in that order, and none that could bring next to nothing', () => {
  const nodes = [100, 400, 200, 300].map((ms, i) => row(`S${i}`, ms, { prepMs: ms, blockedMs: ms }));
  assert.deepEqual(
    adviceOf(nodes, 2).map(({ state, gain }) => [state, gain]),
    [
      ['S1', 0.2],
      ['S3', 0.15],
      ['S2', 0.1],
    ],
  );
  assert.deepEqual(adviceOf([row('A', 1000, { prepMs: 50, blockedMs: 50 })], 2), [], '2.5 % is not worth a word');
  assert.deepEqual(adviceOf([row('A', 8, { prepMs: 8, blockedMs: 8 })], 2), [], 'nor are four milliseconds');
});
