import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderEndCard } from '../../../src/observe/end-card.ts';
import type { NodeReport } from '../../../src/core/report.ts';
import { RunModel } from '../../../src/observe/model.ts';
import { paintPlain } from '../../../src/observe/text.ts';
import { nodeReport, runReport, Script } from './events.ts';

const modelOf = (act: (script: Script) => void): RunModel => {
  const model = new RunModel('corpus', [], 1000);
  const script = new Script((event) => model.update(event));
  script.start();
  act(script);
  return model;
};

const card = (model: RunModel, columns = 100): string[] => renderEndCard(model, columns).map(paintPlain);

describe('renderEndCard', () => {
  it('says where the time went', () => {
    const model = modelOf((script) => {
      script.enter('Sign', 'batch');
      for (let item = 0; item < 4; item += 1) script.exec('Sign', 100, { item });
      script.enter('Scan');
      script.exec('Scan', 20);
      const nodes = [
        nodeReport('Scan', { wallMs: 170, pathMs: 170, execMs: 20, prepMs: 100, postMs: 50 }),
        nodeReport('Sign', { kind: 'batch', wallMs: 320, execMs: 400, executions: 4, attempts: 6, retries: 2 }),
        nodeReport('Report', { execMs: 0, attempts: 0 }),
      ];
      script.end('completed', 'Done', runReport(nodes, { wallMs: 500, threadMs: [210, 210] }));
    });
    assert.deepEqual(card(model), [
      ' ✔ corpus completed in 500ms in state Done',
      '',
      '   threads busy  42%  (0.84 of 2 threads on average; serial fraction 72%)',
      '   main thread   150ms  (30%: prep, post and exec on it)',
      '   executions    6 · 2 retries · 0 failures',
      '   critical path Scan 34% → Sign 64%',
      '',
      '   slowest nodes   exec  share            executions    p50    p95  retries',
      '   Sign           400ms  █████████░  95%           4  100ms  100ms        2',
      '   Scan            20ms  █░░░░░░░░░   5%           1   20ms',
      '',
      '   worth doing first',
      "   −150ms 30%    prep and post of 'Scan' took 150ms (30% of the run) on the main thread, waiting or",
      '                 computing, and no thread worked for the run meanwhile',
      '                 → if it waits, let other work go on meanwhile (branches of a split wait side by',
      '                 side, and an async iterable as source of a batch starts threads with its first',
      '                 item); if it computes, move that into a thread exec',
      "   −120ms 24%    'Sign' kept 1.3 of 2 threads busy for 320ms; evenly shared by 2 threads, all of",
      '                 them take 200ms',
      '                 → find what its threads waited for: items (an async source), its concurrency',
      '                 limit, other runs, their own setup (engine.warmUp), or cores that other programs',
      '                 had',
    ]);
  });

  it('breaks its sentences where the terminal ends', () => {
    const model = modelOf((script) => {
      const nodes = [nodeReport('Fit', { wallMs: 900, execMs: 900, longestMs: 900 })];
      script.end('completed', 'Done', runReport(nodes, { threadMs: [900] }));
    });
    for (const columns of [60, 80, 120]) {
      const lines = card(model, columns);
      assert.ok(
        lines.slice(lines.indexOf('   worth doing first')).every((line) => line.length < columns),
        lines.join('\n'),
      );
      assert.match(
        lines.join(' ').replace(/ +/g, ' '),
        /'Fit' executed alone for 900ms \(90% of the run\) while the other/,
      );
    }
  });

  it('has no advice for a run that was over at once, and says so when a longer one needs none', () => {
    const over = (wallMs: number): string =>
      card(modelOf((script) => script.end('completed', 'Done', runReport([], { wallMs, threads: 1 })))).join('\n');
    assert.doesNotMatch(over(99), /worth/);
    assert.match(over(5000), /worth doing {3}Nothing stands out/);
  });

  it('has no word of nothing when the main thread had nearly all of the time', () => {
    const nodes = [nodeReport('Hash', { wallMs: 990, prepMs: 990, blockedMs: 990 })];
    const lines = card(modelOf((script) => script.end('completed', 'Done', runReport(nodes, { threads: 1 })))).join(
      '\n',
    );
    assert.match(lines, /The main thread had 99% of the time, in prep, post and exec; beside/);
    assert.doesNotMatch(lines, /Nothing stands out/);
  });

  it('tells what was waited for beside the work: room, and branches that did not stop', () => {
    const nodes = [
      nodeReport('Race', { kind: 'split', wallMs: 100, pathMs: 100 }),
      nodeReport('Race', { kind: 'branch', branch: 'short', wallMs: 100, pathMs: 100, execMs: 100 }),
      nodeReport('Race', { kind: 'branch', branch: 'endless', wallMs: 600, execMs: 600, lostMs: 500 }),
    ];
    const report = runReport(nodes, { wallMs: 1000, pendingMs: 400, stoppingMs: 500, threadMs: [100, 600] });
    const lines = card(modelOf((script) => script.end('completed', 'Done', report)));
    for (const line of [
      '   waiting       400ms  (40%: before it could begin)',
      '   stopping      500ms  (50%: executions that did not stop when they were asked to)',
      '   critical path Race › short 10% → Race › endless (stopping) 50%',
    ])
      assert.ok(lines.includes(line), lines.join('\n'));
  });

  it('keeps the largest parts of a long path, and counts the others', () => {
    const path = (nodes: NodeReport[]): string | undefined =>
      card(modelOf((script) => script.end('completed', 'Done', runReport(nodes)))).find((line) =>
        line.startsWith('   critical path'),
      );
    const small = Array.from({ length: 300 }, (_, i) => nodeReport(`S${i}`, { wallMs: i === 20 ? 4 : 1 }));
    assert.equal(path(small), '   critical path S0 <1% → S1 <1% → S20 <1% · 297 more 30%');
    const [first] = small;
    assert.equal(path([nodeReport('Fit', { wallMs: 690 }), ...small]), '   critical path Fit 69% · 300 more 30%');
    assert.equal(path([nodeReport('Fit', { wallMs: 690 }), first as NodeReport]), '   critical path Fit 69%');
  });

  it('never speaks of a speed-up', () => {
    const model = modelOf((script) => script.end('completed', 'Done', runReport([nodeReport('A', { execMs: 900 })])));
    assert.doesNotMatch(card(model).join('\n'), /speed/i);
  });

  it('says where a run stood that did not complete', () => {
    const stood = (status: 'failed' | 'cancelled' | 'timed_out'): string | undefined =>
      card(
        modelOf((script) => {
          script.enter('Sign', 'batch');
          script.size('Sign', 500);
          for (let item = 0; item < 41; item += 1) script.exec('Sign', 1, { item });
          script.end(status, 'Sign', runReport([], { status, wallMs: 3200 }));
        }),
      )[0];
    assert.equal(stood('failed'), ' ✖ corpus failed after 3.20s in state Sign at 41/500 items');
    assert.equal(stood('cancelled'), ' ■ corpus cancelled after 3.20s in state Sign at 41/500 items');
    assert.equal(stood('timed_out'), ' ✖ corpus timed out after 3.20s in state Sign at 41/500 items');
  });

  it('lists the five slowest', () => {
    const nodes = Array.from({ length: 8 }, (_, i) => nodeReport(`S${i}`, { execMs: 10 + i }));
    const lines = card(modelOf((script) => script.end('completed', 'Done', runReport(nodes))));
    assert.ok(lines.some((line) => line.startsWith('   S7 ')));
    assert.ok(!lines.some((line) => line.startsWith('   S2 ')));
    assert.ok(lines.includes('   and 3 more states'), lines.join('\n'));
  });

  it('has nothing to say before the end', () => assert.deepEqual(card(modelOf(() => {})), []));
});
