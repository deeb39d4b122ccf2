import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogThreshold } from '../../../src/core/log.ts';
import { jsonReporter } from '../../../src/observe/json.ts';
import { plainReporter } from '../../../src/observe/plain.ts';
import type { Reporter, ReporterSetup } from '../../../src/observe/reporter.ts';
import { createReporter } from '../../../src/observe/reporters.ts';
import { nodeReport, runReport, Script, TextSink } from './events.ts';

interface Stage {
  readonly reporter: Reporter;
  readonly script: Script;
  readonly out: TextSink;
  readonly err: TextSink;
}

const setUp = (make: (setup: ReporterSetup) => Reporter, logLevel: LogThreshold = 'info'): Stage => {
  const [out, err] = [new TextSink(), new TextSink()];
  const outline = [
    { state: 'Scan', node: 'scan' },
    { state: 'Sign', node: 'minhash' },
  ];
  const look = (): { threads: []; queued: number; inFlight: number } => ({ threads: [], queued: 0, inFlight: 0 });
  const script: Script = new Script((event) => reporter.update(event));
  const reporter = make({
    workflow: 'corpus',
    outline,
    threads: 2,
    look,
    now: () => script.at,
    out,
    err,
    colors: { out: false, err: false },
    logLevel,
  });
  return { reporter, script, out, err };
};

describe('plain reporter', () => {
  it('writes a line per change of state, and the card', () => {
    const { reporter, script, out, err } = setUp(plainReporter);
    script.start();
    script.enter('Scan');
    script.exec('Scan', 300, {}, 300);
    script.leave('Scan', 'Sign', 1);
    script.enter('Sign', 'batch');
    script.size('Sign', 3);
    script.log('Sign', 'odd\nfile', { path: 'a b', size: 3 }, 'warn');
    script.log('Sign', 'in detail', undefined, 'debug');
    for (let item = 0; item < 3; item += 1) script.exec('Sign', 10, { item }, 10);
    script.retry('Sign', undefined, 'post');
    script.leave('Sign', 'Done');
    script.end(
      'completed',
      'Done',
      runReport([nodeReport('Scan', { wallMs: 301, execMs: 300 })], { wallMs: 331, threadMs: [300] }),
    );
    reporter.finish(['report: out/report.html']);
    assert.equal(
      err.text,
      [
        '[   0.0s] corpus started on 2 threads (run run-1)',
        '[   0.0s] ● Scan',
        '[   0.3s] ✔ Scan → Sign in 301ms: exec 300ms',
        '[   0.3s] ● Sign',
        ' warn  sign  odd',
        ' warn  sign  file path=a b size=3',
        '[   0.3s] ✔ Sign → Done in 30ms: 3 items, p50 10ms, p95 10ms, 1 retry',
        '',
        ' ✔ corpus completed in 331ms in state Done',
        '',
        '   threads busy  45%  (0.91 of 2 threads on average; serial fraction 100%)',
        '   executions    1 · 0 retries · 0 failures',
        '   critical path Scan 91%',
        '',
        '   slowest nodes   exec  share            executions    p50  p95',
        '   Scan           300ms  ██████████ 100%           1  300ms',
        '',
        '   worth doing first',
        "   −150ms 45%    'Scan' executed alone for 300ms (91% of the run) while the other thread did",
        '                 nothing for the run',
        '                 → cut its work into items (batchNode), or run it as a branch of a split beside',
        '                 work that does not need its result',
        '',
        '',
      ].join('\n'),
    );
    assert.equal(out.text, 'report: out/report.html\n');
  });

  it('tells of a long batch every five seconds', () => {
    const { script, err } = setUp(plainReporter);
    script.start();
    script.enter('Sign', 'batch');
    script.size('Sign', 2000);
    for (let item = 0; item < 1100; item += 1) script.exec('Sign', 10, { item }, 10);
    const progress = err.text.split('\n').filter((line) => line.includes('2,000'));
    assert.deepEqual(progress, [
      '[   5.0s]   Sign · minhash 500/2,000 (25%) · 100/s · ETA 15.0s',
      '[  10.0s]   Sign · minhash 1,000/2,000 (50%) · 100/s · ETA 10.0s',
    ]);
  });

  it('does not flood a log with a loop of states', () => {
    const { script, err } = setUp(plainReporter);
    script.start();
    for (let i = 0; i < 900; i += 1) {
      script.enter('Scan');
      script.leave('Scan', 'Scan', 1);
    }
    script.enter('Sign', 'node', 1000);
    const lines = err.text.trimEnd().split('\n');
    assert.equal(lines.length, 22);
    assert.match(lines.at(-1) ?? '', /● Sign \(1,780 lines left out\)$/);
  });

  it('shows debug logs, warnings and deaths of threads', () => {
    const { reporter, script, err } = setUp(plainReporter, 'debug');
    script.start();
    script.log('Sign', 'in detail', undefined, 'debug');
    script.send({ type: 'warning', code: 'logs_dropped', message: '12 lines were dropped' });
    const died = { v: 1, at: 1, engine: 'e', type: 'thread.exited' } as const;
    reporter.update({ ...died, thread: 1, reason: 'out_of_memory' });
    reporter.update({ ...died, thread: -1, reason: 'uncaught_error', message: 'boom' });
    reporter.update({ ...died, thread: 1, reason: 'recycled' });
    reporter.notice('cancelling');
    assert.deepEqual(err.text.trimEnd().split('\n').slice(1), [
      ' debug sign  in detail',
      ' warn   12 lines were dropped',
      ' warn   thread 1 died (out_of_memory)',
      ' warn   a thread died (uncaught_error): boom',
      '[   0.0s] cancelling',
    ]);
  });

  it('shows nothing below its level', () => {
    for (const [logLevel, expected] of [
      ['debug', ['debug', 'info', 'warn', 'error', 'warn', 'warn']],
      ['warn', ['warn', 'error', 'warn', 'warn']],
      ['error', ['error']],
      ['none', []],
    ] as const) {
      const { reporter, script, err } = setUp(plainReporter, logLevel);
      script.start();
      for (const level of ['debug', 'info', 'warn', 'error'] as const) script.log('Sign', 'x', undefined, level);
      script.send({ type: 'warning', code: 'logs_dropped', message: '12 lines were dropped' });
      reporter.update({ v: 1, at: 1, engine: 'e', type: 'thread.exited', thread: 1, reason: 'exit' });
      const levels = err.text
        .split('\n')
        .slice(1, -1)
        .map((line) => line.trim().split(' ')[0]);
      assert.deepEqual(levels, expected, logLevel);
    }
  });

  it('is silent after stop, and marks a failure route', () => {
    const { reporter, script, err } = setUp(plainReporter);
    script.start();
    script.enter('Scan');
    script.exec('Scan', 1, { outcome: 'error' });
    script.leave('Scan', 'Sign', 1, true);
    assert.match(err.text, /✖ Scan failed, on to Sign in 1\.0ms: exec 1\.0ms, 1 failed\n$/);
    const before = err.text;
    reporter.stop();
    script.enter('Sign');
    assert.equal(err.text, before);
  });
});

describe('json reporter', () => {
  it('writes every event as one line, and nothing else to stdout', () => {
    const { reporter, script, out, err } = setUp(jsonReporter);
    script.start();
    script.log('Scan', 'x', {
      big: 12n,
      map: new Map([['a', 1]]),
      floats: Float32Array.of(1, 2),
      error: new TypeError('no'),
    });
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    script.log('Scan', 'y', cycle);
    // What a node's console.log does.
    out.write('printed by somebody else\n');
    reporter.notice('cancelling');
    reporter.finish([]);
    reporter.stop();
    const events = out.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; type: string; fields?: unknown });
    assert.deepEqual(
      events.map(({ seq, type }) => [seq, type]),
      [
        [1, 'run.started'],
        [2, 'log'],
        [3, 'log'],
      ],
    );
    assert.deepEqual(events[1]?.fields, {
      big: '12',
      map: [['a', 1]],
      floats: [1, 2],
      error: { name: 'TypeError', message: 'no' },
    });
    assert.match(String(events[2]?.fields), /not JSON.*circular/i);
    assert.equal(err.text, 'printed by somebody else\ncancelling\n');
  });

  it('writes in blocks', () => {
    const { reporter, script, out } = setUp(jsonReporter);
    script.start();
    for (let item = 0; item < 10_000; item += 1) script.exec('Scan', 1, { item });
    reporter.stop();
    assert.ok(out.writes.length < 100, `${out.writes.length} writes`);
    assert.equal(out.text.trimEnd().split('\n').length, 10_001);
    out.write('free again');
    assert.match(out.text, /free again$/);
  });
});

describe('createReporter', () => {
  const kindOf = (isTTY: boolean, env: Record<string, string>): string => {
    const err = new TextSink(isTTY);
    const look = (): { threads: []; queued: number; inFlight: number } => ({ threads: [], queued: 0, inFlight: 0 });
    const reporter = createReporter(
      'pretty',
      {
        workflow: 'w',
        outline: [],
        threads: 1,
        look,
        out: new TextSink(),
        err,
        colors: { out: false, err: false },
        logLevel: 'info',
      },
      env,
    );
    reporter.stop();
    return reporter.constructor.name;
  };

  it('draws on terminals only', () => {
    assert.equal(kindOf(true, {}), 'PrettyReporter');
    assert.equal(kindOf(true, { CI: 'false' }), 'PrettyReporter');
    assert.equal(kindOf(false, {}), 'PlainReporter');
    assert.equal(kindOf(true, { TERM: 'dumb' }), 'PlainReporter');
    assert.equal(kindOf(true, { CI: 'true' }), 'PlainReporter');
  });

  it('can be silent', () => {
    const out = new TextSink();
    const look = (): { threads: []; queued: number; inFlight: number } => ({ threads: [], queued: 0, inFlight: 0 });
    const setup = {
      workflow: 'w',
      outline: [],
      threads: 1,
      look,
      out,
      err: out,
      colors: { out: false, err: false },
      logLevel: 'info' as const,
    };
    const reporter = createReporter('none', setup, {});
    const script = new Script((event) => reporter.update(event));
    script.start();
    script.end('completed', 'Done', runReport([]));
    reporter.notice('x');
    reporter.finish(['summary']);
    reporter.stop();
    assert.equal(out.text, '');
    assert.equal(reporter.wantsSummary, false);
  });
});
