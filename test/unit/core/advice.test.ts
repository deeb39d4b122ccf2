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
    "'Fit' executed alone for 900ms (45% of the run) while 3 of 4 threads did nothing for the run",
  ]);
  const visits = adviceOf([row('Fit', 1000, { node: 'train', execMs: 900, visits: 1200 }), idle], 2);
  assert.deepEqual(only(visits), [
    'alone',
    450,
    "'train' in state 'Fit' executed alone for 900ms (45% of the run) in 1,200 visits while the other thread did nothing for the run",
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
    "'Fit' had 3 items, of 667ms on average, for 4 threads and took 1.00s; cut finer, they take 500ms",
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
    "the split 'Enrich' hung on its branch 'geo' for 1.00s of 1.00s; evenly shared by 2 threads, what all branches executed on them takes 600ms",
  ]);
  const byDeadline = [row('Enrich', 1000, { kind: 'split' }), branch('geo', 300, 0), branch('price', 200, 0)];
  assert.deepEqual(adviceOf(byDeadline, 2), [], 'it hung on no branch');
});

test('items that are alike are too few, or too coarse, also in a loop; none of them is the long one', () => {
  const batch = (fields: Partial<NodeReport>): readonly [string, number, string] =>
    only(adviceOf([row('Fit', 203, { kind: 'batch', execMs: 303, longestMs: 101, ...fields })], 2).slice(-1));
  assert.deepEqual(batch({ executions: 3, attempts: 3 }), [
    'few_items',
    52,
    "'Fit' had 3 items, of 101ms on average, for 2 threads and took 203ms; cut finer, they take 152ms",
  ]);
  assert.deepEqual(batch({ executions: 3, attempts: 3, visits: 2 }), [
    'few_items',
    52,
    "'Fit' had 1.5 items a visit, of 101ms on average, for 2 threads and took 102ms a visit; cut finer, they take 76ms",
  ]);
  const loop = row('Fit', 820, {
    kind: 'batch',
    visits: 20,
    executions: 60,
    attempts: 60,
    execMs: 1200,
    longestMs: 44,
  });
  assert.equal(only(adviceOf([loop, row('Idle', 100)], 2))[0], 'few_items', 'one visit had an odd item, perhaps');
  const odd = { ...loop, wallMs: 1200, executions: 2000, attempts: 2000, longestMs: 25 };
  assert.deepEqual(only(adviceOf([odd, row('Idle', 900)], 2)), [
    'long_item',
    600,
    "one of the 2,000 items of 'Fit' took 25ms of its 60ms a visit; evenly shared by 2 threads, all of them take 30ms",
  ]);
});

test('a batch that was stopped counts what it had begun', () => {
  const stopped = row('Fit', 1000, { kind: 'batch', executions: 1, attempts: 30, execMs: 1200, longestMs: 100 });
  assert.equal(adviceOf([stopped, idle], 2, { status: 'cancelled' })[0]?.rule, 'starved');
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

test('copying claims what copying took: the rest of the way is waiting', () => {
  const cold = row('Embed', 1800, {
    execMs: 200,
    queueMs: 1500,
    cloneMs: 20,
    returnMs: 1,
    bytesIn: 80_000,
    bytesOut: 8,
  });
  assert.deepEqual(only(adviceOf([cold], 1, { wallMs: 1900 })), [
    'waiting',
    1461,
    "1 execution of 'Embed' waited 1.46s for a thread",
  ]);
  const [wait, copy] = adviceOf([{ ...cold, cloneMs: 200 }], 1, { wallMs: 1900 });
  assert.deepEqual([wait?.rule, wait?.gainMs, copy?.rule, copy?.gainMs], ['waiting', 1101, 'copying', 400]);
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
    'main_thread_async',
    885,
    "prep and exec of 'Fetch' took 885ms (44% of the run) on the main thread, waiting or computing, and no thread worked for the run meanwhile",
  ]);
  assert.deepEqual(adviceOf([prep, row('Idle', 1000)], 1), [], 'one thread is no faster than the main thread');
  assert.deepEqual(adviceOf([prep, row('Idle', 1000)], 0), [], 'inline');
  const bySide = row('Fold', 1000, { kind: 'batch', postMs: 900, blockedMs: 900, execMs: 100 });
  assert.equal(adviceOf([bySide], 2)[0]?.finding, "post of 'Fold' took 900ms (90% of the run) on the main thread");
});

test('the main thread, when it is the whole run', () => {
  const computes = row('Hash', 500, { kind: 'batch', executions: 50, execMs: 500, inlineMs: 500, blockedMs: 500 });
  assert.deepEqual(only(adviceOf([computes], 2)), [
    'main_thread',
    250,
    "exec of 'Hash' took 500ms (100% of the run) on the main thread, and no thread worked for the run meanwhile",
  ]);
  const fetches = row('Fetch', 500, { kind: 'batch', executions: 20, execMs: 1000, inlineMs: 1000, blockedMs: 1 });
  const [first] = adviceOf([fetches], 2);
  assert.deepEqual([first?.rule, first?.gainMs], ['main_thread_async', 499]);
  assert.match(
    first?.remedy ?? '',
    /^if it waits, let more of its items wait side by side \(concurrency\); if it computes/,
  );
  const feeds = row('Hash', 500, { kind: 'batch', executions: 50, execMs: 100, feedMs: 450, blockedMs: 450 });
  assert.equal(
    adviceOf([feeds], 2)[0]?.finding,
    "source and reduce of 'Hash' took 450ms (90% of the run) on the main thread",
  );
});

test('the branches of a split on the main thread, by name', () => {
  const branch = (name: string, fields: Partial<NodeReport>): NodeReport =>
    row('Comp', 300, { kind: 'branch', branch: name, pathMs: 0, ...fields });
  const fetched = [
    row('Comp', 500, { kind: 'split' }),
    branch('a', { execMs: 300, inlineMs: 300 }),
    branch('b', { execMs: 500, inlineMs: 500, pathMs: 500 }),
  ];
  assert.deepEqual(only(adviceOf(fetched, 2)), [
    'main_thread_async',
    500,
    "exec of branch 'b' of 'Comp', with others beside it, took 500ms (100% of the run) on the main thread, waiting or computing, and no thread worked for the run meanwhile",
  ]);
  assert.match(adviceOf(fetched, 2)[0]?.remedy ?? '', /if it waits, shorten what its branches wait for/);
  const computed = [
    row('Comp', 600, { kind: 'split' }),
    branch('a', { prepMs: 20, execMs: 300, inlineMs: 300, blockedMs: 320 }),
    branch('b', { execMs: 300, pathMs: 50 }),
  ];
  const found = adviceOf(computed, 2).find(({ rule }) => rule === 'main_thread');
  assert.deepEqual(
    [found?.gainMs, found?.finding],
    [160, "exec of branch 'a' of 'Comp' took 320ms (53% of the run) on the main thread"],
  );
});

test('back-off of a branch', () => {
  const nodes = [
    row('Call', 500, { kind: 'split' }),
    row('Call', 500, { kind: 'branch', branch: 'a', execMs: 300, retries: 2, backoffMs: 200 }),
    row('Call', 200, { kind: 'branch', branch: 'b', execMs: 200, retries: 1, backoffMs: 900, pathMs: 0 }),
  ];
  const [first] = adviceOf(nodes, 2);
  assert.deepEqual(
    [first?.rule, first?.gainMs, first?.finding],
    ['backoff', 200, "2 retries of branch 'a' of 'Call' waited 200ms in back-off"],
  );
});

test('executions that do not stop when they are asked to', () => {
  const timedOut = row('Fit', 2420, { execMs: 2400, overrunMs: 2000, retries: 1, backoffMs: 10, longestMs: 1200 });
  const [stop, alone] = adviceOf([timedOut], 2);
  assert.deepEqual([stop?.rule, stop?.gainMs, alone?.rule, alone?.gainMs], ['stopping', 2000, 'alone', 200]);
  assert.match(stop?.finding ?? '', /^'Fit' ran on for 2\.00s after it had been asked to stop/);
  assert.match(stop?.remedy ?? '', /throwIfAborted/);
  const item = row('Fit', 1110, {
    kind: 'batch',
    executions: 3,
    attempts: 3,
    execMs: 1120,
    overrunMs: 1000,
    longestMs: 1100,
  });
  assert.equal(only(adviceOf([item], 2))[0], 'stopping', 'and no item is to be cut');
  const branches = [
    row('Race', 100, { kind: 'split' }),
    row('Race', 100, { kind: 'branch', branch: 'short', execMs: 100 }),
    row('Race', 1110, { kind: 'branch', branch: 'endless', execMs: 1110, lostMs: 1010, pathMs: 0 }),
  ];
  assert.deepEqual(only(adviceOf(branches, 2, { wallMs: 1110, stoppingMs: 1010 })), [
    'stopping',
    1010,
    "branch 'endless' of 'Race' ran on for 1.01s after its split was over: at its end the run waited 1.01s (91% of the run) for branches to stop",
  ]);
});

test('what was waited for before the run began', () => {
  const work = row('Fit', 200, { kind: 'batch', executions: 100, execMs: 200, longestMs: 2 });
  const [first] = adviceOf([work], 2, { wallMs: 600, pendingMs: 400 });
  assert.deepEqual(
    [first?.rule, first?.gainMs, first?.finding],
    ['pending', 400, 'the run waited 400ms (67% of the run) before it could begin'],
  );
});

test('a little in each of many states is one finding about the run', () => {
  const states = Array.from({ length: 300 }, (_, i) => row(`S${i}`, 2, { execMs: 1, queueMs: i === 7 ? 0.9 : 0.5 }));
  const advice = adviceOf(states, 2);
  assert.deepEqual(
    advice.map(({ rule, state, gainMs }) => [rule, state, Math.round(gainMs)]),
    [
      ['dispatch', undefined, 150],
      ['alone', undefined, 150],
    ],
  );
  assert.equal(
    advice[0]?.finding,
    "300 states lost up to 150ms (25% of the run) to the way of executions to threads and back, none of them more than 900µs ('S7')",
  );
  assert.deepEqual(adviceOf([row('A', 1000, { prepMs: 20, blockedMs: 20 }), idle], 2), [], 'one state is not many');
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
