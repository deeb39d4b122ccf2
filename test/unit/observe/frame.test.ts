import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { renderFrame, type Size } from '../../../src/observe/frame.ts';
import type { ThreadLook } from '../../../src/observe/lanes.ts';
import { RunModel } from '../../../src/observe/model.ts';
import { paintPlain, widthOfLine } from '../../../src/observe/text.ts';
import { runReport, Script } from './events.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const OUTLINE = [
  { state: 'Scan', node: 'scan' },
  { state: 'Sign', node: 'minhash' },
  { state: 'Assign', node: 'assign' },
];
const WIDE: Size = { columns: 120, rows: 40 };

const busy = (thread: number, busyMs: number, item = 7): ThreadLook => ({
  thread,
  status: 'busy',
  execution: { state: 'Sign', node: 'minhash', item, runningMs: 5 },
  busyMs,
});

const picture = (model: RunModel, now: number, size: Size = WIDE): string[] =>
  renderFrame(model, now, size).map(paintPlain);

const modelAndScript = (outline = OUTLINE): { model: RunModel; script: Script } => {
  const model = new RunModel('corpus', outline, 1000);
  return { model, script: new Script((event) => model.update(event)) };
};

/** A run in its second state: 400 of 500 items, some retried, one failed. */
const midway = (): RunModel => {
  const { model, script } = modelAndScript();
  script.start();
  script.enter('Scan');
  script.exec('Scan', 300, { thread: undefined as never }, 300);
  script.leave('Scan', 'Sign', 1);
  script.enter('Sign', 'batch');
  script.size('Sign', 500);
  for (let item = 0; item < 400; item += 1)
    script.exec('Sign', item % 10 === 0 ? 70 : 38, { item, node: 'minhash' }, 5);
  for (const item of [1, 2]) {
    script.exec('Sign', 10, { item, outcome: 'error' });
    script.retry('Sign', item);
  }
  model.look(
    { threads: [busy(0, 0), { thread: 1, status: 'idle', busyMs: 0 }], queued: 12, inFlight: 2 },
    script.at - 1000,
  );
  model.look(
    { threads: [busy(0, 1000), { thread: 1, status: 'idle', busyMs: 0 }], queued: 12, inFlight: 2 },
    script.at,
  );
  return model;
};

describe('renderFrame', () => {
  it('shows states, threads and what is under way', () => {
    assert.deepEqual(picture(midway(), 3301), [
      ' ✔ Scan                                     p50 300ms            301ms',
      ' ● Sign · minhash  ███████████░░░  400/500  p50  37ms  p95 70ms   2.0s  2 retries',
      ' ○ Assign',
      '',
      ' T0 ██████░░░░  63%  minhash #7',
      ' T1 ░░░░░░░░░░   0%  idle',
      '',
      ' corpus  queue 12 · 201/s · 2.3s elapsed · ETA 0.5s for Sign',
    ]);
  });

  it('leaves the bars out where there is no room', () => {
    assert.deepEqual(picture(midway(), 3301, { columns: 80, rows: 24 }).slice(0, 2), [
      ' ✔ Scan                     p50 300ms            301ms',
      ' ● Sign · minhash  400/500  p50  37ms  p95 70ms   2.0s  2 retries',
    ]);
  });

  it('never wraps or scrolls, however small the terminal', () => {
    const model = midway();
    for (let columns = 1; columns <= 130; columns += 1) {
      for (const rows of [1, 2, 3, 5, 8, 24]) {
        const lines = renderFrame(model, 3301, { columns, rows });
        assert.ok(lines.length <= Math.max(1, rows - 1), `${lines.length} lines in ${rows} rows`);
        for (const line of lines) assert.ok(widthOfLine(line) <= columns - 1, `${paintPlain(line)} in ${columns}`);
      }
    }
  });

  it('counts visits of a loop, and how far one execution is', () => {
    const { model, script } = modelAndScript();
    script.start();
    for (let round = 0; round < 3; round += 1) {
      script.enter('Assign', 'batch');
      script.size('Assign', 20);
      for (let item = 0; item < 20; item += 1) script.exec('Assign', 1, { item }, 1);
      script.leave('Assign', 'Scan');
      script.enter('Scan');
      script.exec('Scan', 2, {}, 2);
      script.leave('Scan', 'Assign');
    }
    script.enter('Scan');
    script.send({ type: 'progress', state: 'Scan', node: 'scan', visit: 4, attempt: 1, done: 21, total: 50 });
    const [scan = '', , assign = ''] = picture(model, script.at, { columns: 80, rows: 24 });
    assert.match(scan, /^ ● Scan +42% +p50 +2\.0ms/);
    assert.match(assign, /^ ✔ Assign +×3 20\/20 /);
    assert.equal(model.states.get('Scan')?.visits, 4);
  });

  it('shows failures for good, and where a run ended', () => {
    const { model, script } = modelAndScript();
    script.start();
    script.enter('Sign', 'batch');
    script.exec('Sign', 1, { item: 0, outcome: 'error' });
    script.exec('Sign', 1, { item: 1, outcome: 'cancelled' });
    script.end('failed', 'Sign', runReport([]), 10);
    const lines = picture(model, script.at);
    assert.match(lines[1] ?? '', /^ ✖ Sign · minhash .* 1 +p50 .* 1 failed$/);
    assert.match(lines.at(-1) ?? '', /10ms|0\.0s elapsed/);
  });

  it('says what was asked for', () => {
    const model = midway();
    model.notice = 'cancelling';
    assert.match(picture(model, 3301).at(-1) ?? '', / {2}cancelling$/);
  });

  it('shows as many states as fit, around the present one', () => {
    const outline = Array.from({ length: 30 }, (_, i) => ({ state: `S${i}`, node: `S${i}` }));
    const { model, script } = modelAndScript(outline);
    script.start();
    script.enter('S20');
    const lines = picture(model, script.at, { columns: 80, rows: 12 });
    assert.equal(lines.length, 11);
    assert.ok(lines.some((line) => line.startsWith(' ● S20')));
    assert.ok(lines.includes('   … 22 more states'), lines.join('\n'));
  });

  it('puts many lanes side by side, and very many into one line', () => {
    const lookAt = (count: number): RunModel => {
      const { model } = modelAndScript();
      model.look({ threads: Array.from({ length: count }, (_, i) => busy(i, 0)), queued: 0, inFlight: 0 }, 0);
      model.look(
        { threads: Array.from({ length: count }, (_, i) => busy(i, 1000 * (i / count))), queued: 0, inFlight: 0 },
        1000,
      );
      return model;
    };
    const grid = picture(lookAt(12), 1000, { columns: 80, rows: 30 }).filter((line) => line.startsWith(' T'));
    assert.equal(grid.length, 6);
    assert.match(grid[0] ?? '', /^ T0 .* {2}T6 /);
    assert.match(grid[5] ?? '', /^ T5 .* {2}T11 /);
    const strip = picture(lookAt(64), 1000, { columns: 80, rows: 24 });
    assert.ok(
      strip.some((line) => /^ ▁+▂+▃+▄+▅+▆?$/.test(line)),
      strip.join('\n'),
    );
    assert.ok(strip.includes(' 64 of 64 threads busy'));
  });

  it('lets no name move the cursor', () => {
    const { model, script } = modelAndScript([{ state: 'A\u001b[2J\nB', node: 'n' }]);
    script.start();
    for (const line of picture(model, script.at)) assert.doesNotMatch(line, /\p{Cc}/u);
  });
});

describe('RunModel', () => {
  it('keeps a retried attempt out of the counts', () => {
    const { model, script } = modelAndScript();
    script.start();
    script.enter('Sign', 'batch');
    script.exec('Sign', 1, { item: 0, outcome: 'error' });
    script.retry('Sign', 0);
    script.exec('Sign', 1, { item: 0, attempt: 2 });
    script.retry('Sign', undefined, 'post');
    const { settled, executions, failures, retries } = model.states.get('Sign') ?? assert.fail();
    assert.deepEqual(
      { settled, executions, failures, retries },
      { settled: 1, executions: 1, failures: 0, retries: 2 },
    );
  });

  it('sees states that the outline does not name', () => {
    const { model, script } = modelAndScript([]);
    script.start();
    script.enter('Extra');
    assert.equal(model.current?.state, 'Extra');
  });

  it('takes 200,000 executions in constant memory', () => {
    const { model, script } = modelAndScript();
    script.start();
    script.enter('Sign', 'batch');
    for (let item = 0; item < 1_000; item += 1) script.exec('Sign', 1, { item }, 0.01);
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let item = 0; item < 200_000; item += 1) script.exec('Sign', 1, { item }, 0.01);
    assert.equal(model.states.get('Sign')?.settled, 201_000);
    gc();
    const growth = process.memoryUsage().heapUsed - before;
    assert.ok(growth < 2e6, `${growth} bytes`);
  });
});
