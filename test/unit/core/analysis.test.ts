/** What is read out of a report: by hand where the numbers are small, as laws for any report. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { analyse } from '../../../src/core/analysis.ts';
import type { NodeReport, RunReport } from '../../../src/core/report.ts';
import { nodeReport, runReport } from '../observe/events.ts';

const entered = (state: string, wallMs: number, fields: Partial<NodeReport> = {}): NodeReport =>
  nodeReport(state, { wallMs, pathMs: wallMs, ...fields });

const ZERO = { pending: 0, full: 0, alone: 0, uneven: 0, handover: 0, main: 0, backoff: 0, stopping: 0, other: 0 };

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('analyse', () => {
  // 4 threads, 1000 ms: 100 prep + 200 alone + 60 to get there and back; a batch of 1200 ms in 500; 140 between.
  const report = runReport(
    [
      entered('Load', 360, { prepMs: 100, execMs: 200, queueMs: 50, returnMs: 10, longestMs: 200 }),
      entered('Sign', 500, { kind: 'batch', executions: 40, execMs: 1200, queueMs: 900, longestMs: 60 }),
    ],
    { wallMs: 1000, threads: 4, threadMs: [350, 350, 350, 350] },
  );
  const analysis = analyse(report);

  it('divides the wall time', () => {
    assert.deepEqual(analysis.wall, {
      pending: 0,
      full: 50 + 300,
      alone: 150,
      uneven: 200,
      handover: 60,
      main: 100,
      backoff: 0,
      stopping: 0,
      other: 140,
    });
  });

  it('divides the time of the threads', () => {
    assert.deepEqual(analysis.threadTime, { execMs: 1400, stoppedMs: 0, copyMs: 0, idleMs: 2600 });
    assert.equal(analysis.efficiency, 0.35);
    assert.deepEqual(analysis.executions, { queueMs: 950, cloneMs: 0, execMs: 1400, returnMs: 10 });
  });

  it('estimates the speed-up, and the serial fraction from it', () => {
    // On one thread: 360 + 1200 + 140.
    assert.equal(analysis.speedUp, 1.7);
    assert.ok(Math.abs((analysis.serialFraction ?? 0) - (1 / 1.7 - 1 / 4) / (1 - 1 / 4)) < 1e-12, 'Karp and Flatt');
  });

  it('is exact for work that is serial and parallel and nothing else', () => {
    // 300 serial, 700 × 2 shared evenly by two threads: a serial fraction of 300 / 1700.
    const nodes = [
      entered('A', 300, { prepMs: 300 }),
      entered('B', 700, { kind: 'batch', executions: 100, execMs: 1400 }),
    ];
    const { serialFraction, speedUp } = analyse(runReport(nodes, { wallMs: 1000, threads: 2, threadMs: [700, 700] }));
    assert.equal(speedUp, 1.7);
    assert.ok(Math.abs((serialFraction ?? 0) - 300 / 1700) < 1e-12, String(serialFraction));
  });

  it('follows the path through states, branches and sub-workflows', () => {
    const nodes = [
      entered('Load', 100, { execMs: 90 }),
      entered('Enrich', 500, { kind: 'split', prepMs: 10, postMs: 40 }),
      entered('Enrich', 470, { kind: 'branch', branch: 'geo', pathMs: 430, execMs: 400 }),
      entered('Enrich', 100, { kind: 'branch', branch: 'price', pathMs: 0, execMs: 100 }),
      entered('Check', 300, { kind: 'workflow', prepMs: 5, postMs: 15 }),
      entered('Check/Rules', 180, { kind: 'workflow' }),
      entered('Check/Rules/One', 150, { execMs: 150 }),
      entered('Check/End', 90, { execMs: 90 }),
    ];
    const { path, wall } = analyse(runReport(nodes, { wallMs: 1000, threads: 2, threadMs: [830] }));
    assert.deepEqual(
      path.map(({ state, branch, selfMs, share }) => [state, branch, selfMs, share]),
      [
        ['Load', undefined, 100, 0.1],
        ['Enrich', undefined, 70, 0.07],
        ['Enrich', 'geo', 430, 0.43],
        ['Check', undefined, 30, 0.03],
        ['Check/Rules', undefined, 30, 0.03],
        ['Check/Rules/One', undefined, 150, 0.15],
        ['Check/End', undefined, 90, 0.09],
      ],
    );
    assert.equal(sum(Object.values(wall)), 1000);
    assert.equal(path[0]?.busyThreads, 0.9);
    // 500 ms of exec in 450 ms of the split; the branch hung on it for 430.
    assert.equal(Number(path[2]?.busyThreads.toFixed(3)), Number((500 / 450).toFixed(3)));
  });

  it('leaves out of its figures what the run waited for before it began, and what nobody wanted any more', () => {
    const nodes = [
      entered('Race', 400, { kind: 'split' }),
      entered('Race', 400, { kind: 'branch', branch: 'a', execMs: 400 }),
      entered('Race', 900, { kind: 'branch', branch: 'b', execMs: 900, lostMs: 500, pathMs: 0 }),
    ];
    const fields = { wallMs: 1000, pendingMs: 100, stoppingMs: 500, threads: 2, threadMs: [400, 900] };
    const { wall, threadTime, efficiency, speedUp, path } = analyse(runReport(nodes, fields));
    assert.deepEqual(wall, { ...ZERO, pending: 100, full: 400, stopping: 500 });
    assert.deepEqual(threadTime, { execMs: 800, stoppedMs: 500, copyMs: 0, idleMs: 500 });
    assert.equal(efficiency, 800 / 1800);
    assert.equal(speedUp, (800 + 500) / 900);
    assert.deepEqual(
      path.map(({ branch, selfMs, busyThreads, isStopping }) => [branch, selfMs, busyThreads, isStopping]),
      [
        ['a', 400, 2, undefined],
        ['b', 500, 0, true],
      ],
    );
  });

  it('has no more threads busy than there are, whatever was measured', () => {
    const nodes = [entered('A', 100, { kind: 'batch', execMs: 230, executions: 9 })];
    const { path, speedUp, efficiency } = analyse(runReport(nodes, { wallMs: 100, threads: 2, threadMs: [110, 120] }));
    assert.deepEqual([path[0]?.busyThreads, speedUp, efficiency], [2, 2, 1]);
  });

  it('has no figure where there is none', () => {
    for (const threads of [0, 1, 2]) {
      const { efficiency, speedUp, serialFraction, path, advice } = analyse(
        runReport([], { wallMs: 0, threads, busyThreads: 0 }),
      );
      assert.deepEqual(
        [efficiency, speedUp, serialFraction, path, advice],
        [undefined, undefined, undefined, [], []],
        `${threads} threads`,
      );
    }
    const one = analyse(runReport([entered('A', 80, { execMs: 80 })], { wallMs: 100, threads: 1, threadMs: [80] }));
    assert.deepEqual([one.efficiency, one.speedUp, one.serialFraction], [0.8, undefined, undefined]);
    assert.deepEqual([one.wall.full, one.wall.alone], [80, 0]);
    const inline = analyse(runReport([entered('A', 80, { execMs: 80, inlineMs: 80 })], { wallMs: 100, threads: 0 }));
    assert.deepEqual([inline.efficiency, inline.wall.main, inline.wall.other], [undefined, 80, 20]);
  });
});

const ms = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }));
const part = fc.double({ min: 0, max: 1, noNaN: true });
const count = fc.integer({ min: 0, max: 5000 });

/** A row whose phases fit into its time and whose exec fits onto its threads; all else is as it comes. */
const rowOf = (state: string, threads: number): fc.Arbitrary<NodeReport> =>
  fc
    .record({
      kind: fc.constantFrom('node' as const, 'batch' as const, 'workflow' as const),
      wallMs: ms,
      prep: part,
      post: part,
      busy: part,
      late: part,
      isInline: fc.boolean(),
      counts: fc.tuple(count, count, count, count, count),
      times: fc.tuple(ms, ms, ms, ms, ms, ms),
      bytes: fc.tuple(count, count),
    })
    .map(({ kind, wallMs, prep, post, busy, late, isInline, counts, times, bytes }) => {
      const prepMs = wallMs * prep * 0.5;
      const postMs = wallMs * post * 0.5;
      const lanes = kind === 'node' || isInline ? 1 : threads;
      const execMs = kind === 'workflow' ? 0 : (wallMs - prepMs - postMs) * busy * lanes;
      const [visits, executions, attempts, retries, failures] = counts;
      const [queueMs, backoffMs, cloneMs, returnMs, longestMs, blockedMs] = times;
      return nodeReport(state, {
        kind,
        wallMs,
        pathMs: wallMs,
        prepMs,
        postMs,
        execMs,
        inlineMs: isInline || threads === 0 ? execMs : 0,
        overrunMs: isInline || threads === 0 ? 0 : execMs * late,
        feedMs: kind === 'batch' ? blockedMs * late : 0,
        visits,
        executions,
        attempts,
        retries,
        failures,
        queueMs,
        backoffMs,
        cloneMs,
        returnMs,
        longestMs,
        blockedMs,
        bytesIn: bytes[0] * 1000,
        bytesOut: bytes[1] * 1000,
      });
    });

const anyReport: fc.Arbitrary<RunReport> = fc.integer({ min: 0, max: 9 }).chain((threads) =>
  fc
    .record({
      rows: fc.tuple(...['A', 'B', 'C', 'D'].map((state) => rowOf(state, threads))),
      take: fc.integer({ min: 0, max: 4 }),
      outsideMs: fc.tuple(ms, ms, ms),
      transitions: count,
      status: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const, 'running' as const),
    })
    .map(({ rows, take, outsideMs, transitions, status }) => {
      const nodes = rows.slice(0, take);
      const onThreads = sum(nodes.map(({ execMs, inlineMs }) => execMs - inlineMs));
      return runReport(nodes, {
        wallMs: sum(nodes.map(({ wallMs }) => wallMs)) + sum(outsideMs),
        pendingMs: outsideMs[0],
        stoppingMs: outsideMs[1],
        threads,
        threadMs: threads === 0 ? [] : Array.from({ length: threads }, () => onThreads / threads),
        transitions,
        status,
        busyThreads: 0,
      });
    }),
);

describe('for any report', () => {
  it('the parts of the wall time add up, none is negative, and the path is no longer than the run', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const { wall, path, threadTime } = analyse(report);
        const slack = 1e-6 * (1 + report.wallMs);
        const parts = Object.values(wall);
        assert.ok(
          parts.every((each) => each >= 0),
          JSON.stringify(wall),
        );
        assert.ok(Math.abs(sum(parts) - report.wallMs) <= slack, `${sum(parts)} of ${report.wallMs}`);
        assert.ok(sum(path.map(({ selfMs }) => selfMs)) <= report.wallMs + slack, 'the path');
        assert.ok(sum(path.map(({ share }) => share)) <= 1 + 1e-6, 'its shares');
        const all = sum(Object.values(threadTime));
        const underWayMs = report.threads * (report.wallMs - wall.pending);
        assert.ok(Math.abs(all - underWayMs) <= 10 * slack, `${all} of the threads' time`);
      }),
    );
  });

  it('every figure is a number in its bounds, or absent', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const { efficiency, speedUp, serialFraction, advice } = analyse(report);
        const { threads } = report;
        if (efficiency !== undefined) assert.ok(efficiency >= 0 && efficiency <= 1, `efficiency ${efficiency}`);
        if (speedUp !== undefined) assert.ok(speedUp >= 1 && speedUp <= threads * (1 + 1e-9), `speed-up ${speedUp}`);
        if (serialFraction !== undefined)
          assert.ok(serialFraction >= 0 && serialFraction <= 1 + 1e-9, `serial fraction ${serialFraction}`);
        const hasOne = threads > 1 && report.wallMs > analyse(report).wall.pending && report.status !== 'running';
        assert.equal(speedUp !== undefined, hasOne, 'where there is a speed-up');
        if (report.status === 'running') assert.deepEqual([efficiency, advice], [undefined, []]);
        assert.ok(advice.length <= 3, `${advice.length} pieces of advice`);
        const gains = advice.map(({ gainMs }) => gainMs);
        assert.deepEqual(
          gains,
          gains.toSorted((a, b) => b - a),
        );
        for (const { gain, gainMs, finding, remedy } of advice) {
          assert.ok(gain >= 0.03 && gain <= 1 && gainMs <= report.wallMs * (1 + 1e-9), `${gain} ${gainMs}`);
          assert.match(finding, /\d/, 'a finding has its figure');
          assert.doesNotMatch(`${finding} ${remedy}`, /NaN|Infinity|undefined|null/, finding);
        }
      }),
    );
  });
});
