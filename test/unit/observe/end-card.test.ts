import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderEndCard } from '../../../src/observe/end-card.ts';
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

const card = (model: RunModel, threads = 2): string[] => renderEndCard(model, threads).map(paintPlain);

describe('renderEndCard', () => {
  it('says where the time went', () => {
    const model = modelOf((script) => {
      script.enter('Sign', 'batch');
      for (let item = 0; item < 4; item += 1) script.exec('Sign', 100, { item });
      script.enter('Scan');
      script.exec('Scan', 20);
      const nodes = [
        nodeReport('Scan', { execMs: 20, prepMs: 100, postMs: 50 }),
        nodeReport('Sign', { execMs: 400, executions: 4, attempts: 6, retries: 2 }),
        nodeReport('Report', { execMs: 0, attempts: 0 }),
      ];
      script.end('completed', 'Done', runReport(nodes, { wallMs: 500 }));
    });
    assert.deepEqual(card(model), [
      ' ✔ corpus completed in 500ms in state Done',
      '',
      '   busy threads  0.84  (Σ exec / wall time, on 2 threads)',
      '   main thread   150ms  (prep and post; no exec meanwhile)',
      '   executions    6 · 2 retries · 0 failures',
      '',
      '   slowest nodes   exec  share            executions    p50    p95  retries',
      '   Sign           400ms  █████████░  95%           4  100ms  100ms        2',
      '   Scan            20ms  █░░░░░░░░░   5%           1   20ms',
    ]);
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
    assert.equal(lines.at(-1), '   and 3 more states');
  });

  it('has nothing to say before the end', () => assert.deepEqual(card(modelOf(() => {})), []));
});
