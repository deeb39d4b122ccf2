/** The page about a run's time, and what it is drawn from. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Blocks, type Block } from '../../../src/observe/report/blocks.ts';
import { html, raw } from '../../../src/observe/report/html.ts';
import { renderPage } from '../../../src/observe/report/page.ts';
import { Profile } from '../../../src/observe/report/profile.ts';
import { Timeline } from '../../../src/observe/report/timeline.ts';
import type { NodeReport, RunReport } from '../../../src/core/report.ts';
import { nodeReport, runReport, Script } from './events.ts';

const spans = (blocks: readonly Block[]): number[][] => blocks.map(({ from, to, key }) => [from, to, key]);

describe('Blocks', () => {
  it('keeps what can be seen, and merges what cannot', () => {
    const blocks = new Blocks();
    for (const [from, to, key] of [
      [0, 100, 1],
      [100.1, 200, 1],
      [200.2, 200.4, 2],
      [200.5, 300, 1],
      [350, 351, 1],
      [351.2, 352, 1],
    ] as const)
      blocks.add(from, to, key);
    assert.equal(blocks.view(0).length, 6);
    assert.deepEqual(
      spans(blocks.view(2)),
      [
        [0, 100, 1],
        [100.1, 200, 1],
        [200.2, 200.4, 2],
        [200.5, 300, 1],
        [350, 352, 1],
      ],
      'long neighbours stay apart, so does another node',
    );
    assert.deepEqual(spans(blocks.view(1000)), [[0, 352, 1]]);
    blocks.add(5, 5, 1);
    assert.equal(blocks.view(0).length, 6, 'what took no time is not there');
  });

  it('puts in order what came late', () => {
    const blocks = new Blocks();
    blocks.add(50, 60, 1);
    blocks.add(0, 10, 1);
    assert.deepEqual(spans(blocks.view(1)), [
      [0, 10, 1],
      [50, 60, 1],
    ]);
  });

  it('is bounded, loses no time and no count, and hides no long block', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (seed) => {
        const blocks = new Blocks();
        let [at, count, busyMs] = [0, 0, 0];
        for (let i = 0; i < 20_000; i += 1) {
          const mixed = Math.imul(seed + i, 2_654_435_761) >>> 0;
          const ms = 0.01 + (mixed % 100) / 100;
          blocks.add(at, at + ms, mixed % 3, mixed % 7 === 0 ? 1 : 0);
          at += ms + (mixed % 11) / 20;
          count += 1;
          busyMs += ms;
        }
        blocks.add(at, at + 5000, 1);
        const seen = blocks.view(0);
        assert.ok(seen.length <= 4000, `${seen.length} blocks`);
        assert.equal(
          seen.reduce((sum, block) => sum + block.count, 0),
          count + 1,
        );
        const all = seen.reduce((sum, block) => sum + block.busyMs, 0);
        assert.ok(Math.abs(all - busyMs - 5000) < 1e-3, `${all} of ${busyMs + 5000} ms`);
        assert.ok(
          seen.every((block, index) => block.from >= (seen[index - 1]?.to ?? 0) - 1e-9),
          'they do not overlap',
        );
        const last = seen.at(-1);
        assert.ok(last !== undefined && last.from >= at - 60 && last.to === at + 5000, JSON.stringify(last));
        assert.ok(blocks.view(0, 100).length <= 100, 'and fewer, when fewer are wanted');
      }),
      { numRuns: 10 },
    );
  });
});

describe('Profile', () => {
  it('says how many threads were busy on average, cell by cell', () => {
    const profile = new Profile();
    profile.add(0, 4);
    profile.add(2, 4);
    assert.deepEqual(profile.view(5), { cellMs: 1, busy: [1, 1, 2, 2, 0] });
    assert.deepEqual(profile.view(0).busy, [0]);
  });

  it('keeps the sum, however long the run', () => {
    const profile = new Profile();
    let all = 0;
    for (let at = 0; at < 100_000; at += 37) {
      profile.add(at, at + 20);
      all += 20;
    }
    const { cellMs, busy } = profile.view(100_100);
    assert.ok(busy.length <= 512, `${busy.length} cells`);
    const sum = busy.reduce((total, value, cell) => total + value * Math.min(cellMs, 100_100 - cell * cellMs), 0);
    assert.ok(Math.abs(sum - all) < 1e-6 * all, `${sum} of ${all}`);
  });
});

/** A run of 1000 ms: a main-thread node, a batch on two threads, a split, a visit that fails. */
function told(names: { readonly state?: string; readonly node?: string } = {}): Timeline {
  const timeline = new Timeline();
  const script = new Script((event) => timeline.update(event));
  const { state = 'Sign' } = names;
  script.start();
  script.enter('Scan', 'node', 10);
  script.exec('Scan', 80, { thread: undefined as never }, 90);
  script.leave('Scan', state, 0);
  script.enter(state, 'batch');
  script.exec(state, 100, { item: 0, thread: 0 }, 100);
  script.exec(state, 300, { item: 1, thread: 1, outcome: 'error' }, 200);
  script.leave(state, 'Enrich');
  script.enter('Enrich', 'split');
  script.exec('Enrich', 50, { branch: 'b', thread: 1 }, 50);
  script.send({
    type: 'branch.finished',
    state: 'Enrich',
    node: 'b',
    visit: 1,
    branch: 'b',
    status: 'completed',
    prepMs: 0,
  });
  script.exec('Enrich', 150, { branch: 'a', thread: 0 }, 100);
  script.send({
    type: 'branch.finished',
    state: 'Enrich',
    node: 'a',
    visit: 1,
    branch: 'a',
    status: 'completed',
    prepMs: 0,
  });
  script.leave('Enrich', 'Last');
  script.enter('Last');
  script.retry('Last');
  script.end('failed', 'Last', runReport([], { wallMs: 560, status: 'failed' }), 10);
  return timeline;
}

describe('Timeline', () => {
  it('has a lane per thread, one of the main thread, one of the states, and the path over them', () => {
    const { shown, threads, main, states, path, backoffs, endMs } = told();
    const names = (blocks: readonly Block[]): unknown[] =>
      blocks.map(({ from, to, key, failed }) => [shown[key]?.branch ?? shown[key]?.state, from, to, failed]);
    assert.equal(endMs, 560);
    assert.deepEqual(names(states.view(0)), [
      ['Scan', 10, 100, 0],
      ['Sign', 100, 400, 0],
      ['Enrich', 400, 550, 0],
      ['Last', 550, 560, 0],
    ]);
    assert.deepEqual(names(main.view(0)), [['Scan', 20, 100, 0]]);
    assert.deepEqual(
      threads.map((lane) => names(lane.view(0))),
      [
        [
          ['Sign', 100, 200, 0],
          ['a', 400, 550, 0],
        ],
        [
          ['Sign', 100, 400, 1],
          ['b', 400, 450, 0],
        ],
      ],
    );
    assert.deepEqual(names(backoffs.view(0)), [['Last', 550, 560, 0]]);
    // Lanes: the main thread, then threads from 1.
    assert.deepEqual(
      spans(path.view(0)),
      [
        [10, 100, 0],
        [100, 400, 2],
        [400, 550, 1],
        [550, 560, 0],
      ],
      'the batch by the thread that ended last, the split by the branch that did',
    );
  });
});

const pageOf = (timeline: Timeline, failure?: readonly string[]): string =>
  renderPage({
    report: runReport(
      [
        nodeReport('Scan', { wallMs: 90, execMs: 80, inlineMs: 80, blockedMs: 80 }),
        nodeReport('Sign', { kind: 'batch', wallMs: 300, execMs: 400, longestMs: 300, failures: 1 }),
      ],
      { wallMs: 560, threadMs: [250, 350], status: failure === undefined ? 'completed' : 'failed' },
    ),
    state: 'Last',
    timeline,
    failure,
  });

/** What a parser of HTML would see as tags, in order; a browser closes nothing of these by itself. */
function assertBalanced(page: string): void {
  const open: string[] = [];
  const bare = page.replace(/<(style|script)>[^]*?<\/\1>/g, '');
  for (const [tag, close, name = '', rest = ''] of bare.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:[^>"]|"[^"]*")*)>/g)) {
    if (close === '/') assert.equal(open.pop(), name, `at ${tag}`);
    else if (!/^(?:meta|line|br)$/.test(name) && !rest.trimEnd().endsWith('/')) open.push(name);
  }
  assert.deepEqual(open, []);
}

describe('renderPage', () => {
  it('is a page of its own: nothing is loaded, and only its own script may run', () => {
    const page = pageOf(told());
    assert.match(page, /^<!doctype html>/);
    assert.doesNotMatch(page, /(?:src|href)=|@import|url\(|https?:/);
    assert.match(page, /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;/);
    const [, script = ''] = /<script>([^]*?)<\/script>/.exec(page) ?? [];
    assert.ok(
      page.includes(`sha256-${createHash('sha256').update(script).digest('base64')}`),
      'the hash of its script',
    );
    assertBalanced(page);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
  });

  it('tells of a run that failed what went wrong', () => {
    const page = pageOf(told(), ['it broke', 'state Last']);
    assert.match(page, /role="alert">it broke\nstate Last</);
    assert.match(page, /corpus failed after 560ms/);
  });

  it('calls a part the most only when it is, and says of a run under way that it is', () => {
    const story = (nodes: NodeReport[], fields: Partial<RunReport> = {}): string => {
      const report = runReport(nodes, { threadMs: [100, 100], ...fields });
      const page = renderPage({ report, state: 'Last', timeline: told(), failure: undefined });
      return /margin-top:14px">([^<]*)</.exec(page)?.[1] ?? assert.fail('no story');
    };
    const small = Array.from({ length: 300 }, (_, i) => nodeReport(`S${i}`, { wallMs: i === 4 ? 4 : 3 }));
    assert.match(
      story(small),
      /The largest of 300 parts of the 1\.00s went into state &#39;S4&#39; \(4\.0ms, &lt;1%\)/,
    );
    assert.match(
      story([nodeReport('Fit', { wallMs: 900 })]),
      /Most of the 1\.00s went into state &#39;Fit&#39; \(900ms, 90%\)/,
    );
    assert.match(story([nodeReport('Fit', { wallMs: 900 })], { status: 'running' }), /^It is under way\./);
    const lost = nodeReport('Race', { kind: 'branch', branch: 'b', execMs: 800, lostMs: 700 });
    assert.match(
      story([nodeReport('Race', { kind: 'split', wallMs: 200 }), lost], { stoppingMs: 700 }),
      /went into waiting for branch &#39;b&#39; of state &#39;Race&#39; to stop \(700ms/,
    );
  });

  it('breaks long names where nothing else can be broken', () => {
    assert.match(pageOf(told()), /\np\{[^}]*overflow-wrap:anywhere/);
  });

  it('is the same page whatever things are called', () => {
    const evil = `</script><script>alert(1)</script><img src=x onerror="a">&'"\u0000\ud800`;
    const page = pageOf(told({ state: evil }), [evil]);
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.doesNotMatch(page, /<img/);
    assert.ok(!page.includes('\0') && !/\p{Surrogate}/u.test(page), 'no character that has no place in a file');
    assertBalanced(page);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const text = pageOf(told({ state: name }), [name]);
        assert.equal(text.match(/<script/g)?.length, 1);
        assertBalanced(text);
      }),
      { numRuns: 25 },
    );
  });

  it('stays small for a run of very many executions, on many threads', () => {
    const timeline = new Timeline();
    const script = new Script((event) => timeline.update(event));
    script.start();
    script.enter('Sign', 'batch');
    for (let item = 0; item < 100_000; item += 1) script.exec('Sign', 0.3, { item, thread: item % 16 }, 0.02);
    script.leave('Sign', 'Done');
    const report = runReport([nodeReport('Sign', { kind: 'batch', execMs: 30_000 })], { wallMs: 2000, threads: 16 });
    script.end('completed', 'Done', report);
    const page = renderPage({ report, state: 'Done', timeline, failure: undefined });
    assert.ok(page.length < 3e6, `${page.length} bytes`);
    assertBalanced(page);
  });

  it('can tell of a run that did nothing', () => {
    const timeline = new Timeline();
    const page = renderPage({
      report: runReport([], { wallMs: 0, threads: 0, busyThreads: 0, status: 'cancelled' }),
      state: 'Scan',
      timeline,
      failure: undefined,
    });
    assertBalanced(page);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
    assert.match(page, /Everything ran on the main thread/);
  });
});

it('html escapes everything but html', () => {
  const { text } = html`<p a="${`"'`}">${'<b>&'}${raw('<i>')}${[raw('<u>'), 'x<']}${undefined}${false}${0}</p>`;
  assert.equal(text, '<p a="&quot;&#39;">&lt;b&gt;&amp;<i><u>x&lt;0</p>');
});
