/** Splits and sub-workflows on the screen. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderEndCard } from '../../../src/observe/end-card.ts';
import { renderFrame } from '../../../src/observe/frame.ts';
import { RunModel } from '../../../src/observe/model.ts';
import { plainReporter } from '../../../src/observe/plain.ts';
import { paintPlain } from '../../../src/observe/text.ts';
import { nodeReport, runReport, Script, TextSink } from './events.ts';

const OUTLINE = [
  { state: 'Enrich', node: 'Enrich' },
  { state: 'Enrich', node: 'geo', branch: 'geo' },
  { state: 'Enrich', node: 'lookUp', branch: 'price' },
  { state: 'Enrich', node: 'risk', branch: 'risk' },
  { state: 'Check', node: 'child' },
  { state: 'Check/Load', node: 'load' },
];
const place = { state: 'Enrich', node: 'Enrich', visit: 1 } as const;

/** A split of which one branch completes and one fails after a retry; the third one loses. */
function split(script: Script): void {
  script.start();
  script.enter('Enrich', 'split');
  script.exec('Enrich', 20, { branch: 'geo', node: 'geo' }, 20);
  script.send({ type: 'branch.finished', ...place, node: 'geo', branch: 'geo', status: 'completed', prepMs: 0 });
  const error = { name: 'Error', message: 'no\nprice' };
  for (const attempt of [1, 2]) {
    script.exec('Enrich', 5, { branch: 'price', node: 'lookUp', attempt, outcome: 'error', error }, 5);
    if (attempt === 2) break;
    const retry = { phase: 'exec', attempt, delayMs: 0, error } as const;
    script.send({ type: 'retry.scheduled', ...place, node: 'lookUp', branch: 'price', ...retry });
  }
  script.send({
    type: 'branch.finished',
    ...place,
    node: 'lookUp',
    branch: 'price',
    status: 'failed',
    prepMs: 0,
    error,
  });
}

function decide(script: Script): void {
  script.send({ type: 'branch.finished', ...place, node: 'risk', branch: 'risk', status: 'cancelled', prepMs: 0 }, 10);
  const counts = { completed: 1, failed: 1, cancelled: 1 };
  script.send({ type: 'join.decided', ...place, outcome: 'won', ...counts, deadlinePassed: true });
  script.leave('Enrich', 'Check');
}

function modelAndScript(): { readonly model: RunModel; readonly script: Script } {
  const model = new RunModel('orders', OUTLINE, 1000);
  return { model, script: new Script((event) => model.update(event)) };
}

const picture = ({ model, script }: ReturnType<typeof modelAndScript>): string[] =>
  renderFrame(model, script.at, { columns: 90, rows: 40 }).map((line) => paintPlain(line).trimEnd());

describe('the live picture', () => {
  it('shows each branch below its split, and how many are over', () => {
    const both = modelAndScript();
    split(both.script);
    assert.deepEqual(picture(both).slice(0, 4), [
      ' ● Enrich                   2/3                        0.0s',
      ' ✔ Enrich › geo                  p50  20ms             20ms',
      ' ✖ Enrich › price · lookUp       p50 5.0ms  p95 5.0ms  30ms  1 retry  1 failed',
      ' ● Enrich › risk                                       0.0s',
    ]);
  });

  it('shows who lost as stopped, and what a loser tells later changes nothing', () => {
    const both = modelAndScript();
    split(both.script);
    decide(both.script);
    const before = picture(both);
    assert.ok(before[0]?.startsWith(' ✔ Enrich '));
    assert.ok(before[3]?.startsWith(' ■ Enrich › risk'));
    both.script.exec('Enrich', 900, { branch: 'risk', node: 'risk', outcome: 'cancelled' });
    assert.deepEqual(picture(both), before);
  });

  it('begins anew when the split is entered again', () => {
    const both = modelAndScript();
    split(both.script);
    decide(both.script);
    both.script.enter('Enrich', 'split');
    const lines = picture(both);
    assert.match(lines[0] ?? '', /×2 0\/3/);
    for (const line of lines.slice(1, 4)) assert.match(line, /^ ● /);
  });

  it('ends what is active inside a sub-workflow when its failure takes a route outside, or ends the run', () => {
    for (const ends of [
      (script: Script) => script.leave('Check', 'Enrich', 1, true),
      (script: Script) => script.end('failed', 'Check/Load', runReport([])),
    ]) {
      const both = modelAndScript();
      both.script.start();
      both.script.enter('Check', 'workflow');
      both.script.enter('Check/Load');
      ends(both.script);
      const [outer, inner] = picture(both).slice(4);
      assert.match(outer ?? '', /^ ✖ Check · child/);
      assert.match(inner ?? '', /^ ✖ Check\/Load · load/);
    }
  });
});

describe('lines for logs', () => {
  it('tell of failed branches and of the join', () => {
    const [out, err] = [new TextSink(), new TextSink()];
    const script: Script = new Script((event) => reporter.update(event));
    const reporter = plainReporter({
      workflow: 'orders',
      outline: OUTLINE,
      threads: 2,
      look: () => ({ threads: [], queued: 0, inFlight: 0 }),
      now: () => script.at,
      out,
      err,
      colors: { out: false, err: false },
      logLevel: 'info',
    });
    split(script);
    decide(script);
    const lines = err.text.split('\n').map((line) => line.replace(/^\[.*?\] /, ''));
    assert.deepEqual(lines.slice(1, 5), [
      '● Enrich',
      '  ✖ Enrich › price · lookUp failed: no price',
      '  Enrich join won by its deadline: 1 completed, 1 failed, 1 cancelled',
      '✔ Enrich → Check in 40ms',
    ]);
  });
});

describe('the end card', () => {
  it('has a row per branch, with the times of that branch', () => {
    const { model, script } = modelAndScript();
    split(script);
    decide(script);
    const rows = [
      nodeReport('Enrich', { executions: 0 }),
      nodeReport('Enrich', { branch: 'geo', node: 'geo', execMs: 20 }),
      nodeReport('Enrich', { branch: 'price', node: 'lookUp', execMs: 10, retries: 1, failures: 1 }),
    ];
    script.end('completed', 'Done', runReport(rows));
    const card = renderEndCard(model, 100).map((line) => paintPlain(line).trimEnd());
    const rest = card.slice(card.findIndex((line) => line.includes('slowest nodes')) + 1);
    const table = rest.slice(0, rest.indexOf(''));
    assert.match(table[0] ?? '', /^ {3}Enrich › geo +20ms .* 1 +20ms$/);
    assert.match(table[1] ?? '', /^ {3}Enrich › price · lookUp +10ms .* 1 +5\.0ms +5\.0ms +1$/);
    assert.equal(table.length, 2);
  });
});
