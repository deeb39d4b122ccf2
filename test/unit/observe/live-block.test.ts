/* oxlint-disable no-control-regex -- a terminal is all control characters */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardStream, type GuardedStream } from '../../../src/observe/guard.ts';
import { LiveBlock } from '../../../src/observe/live-block.ts';
import { prettyReporter } from '../../../src/observe/pretty.ts';
import { paintPlain, type Line } from '../../../src/observe/text.ts';
import { runReport, Script, TextSink } from './events.ts';

const line = (text: string): Line => [{ text }];

/** Just enough of a terminal: text, rows of cells, the cursor, and the codes that the block uses. */
class Screen {
  rows: string[] = [''];
  row = 0;
  column = 0;
  cursorShown = true;
  synchronized = false;

  write(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[\??[\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(token);
  }

  #take(token: string): void {
    const up = /^\u001b\[(\d+)A$/.exec(token);
    if (up !== null) this.row = Math.max(0, this.row - Number(up[1]));
    else if (token === '\r') this.column = 0;
    else if (token === '\n') this.#down();
    else if (token === '\u001b[K') this.rows[this.row] = this.#here().slice(0, this.column);
    else if (token === '\u001b[J') {
      this.rows[this.row] = this.#here().slice(0, this.column);
      this.rows.length = this.row + 1;
    } else if (token === '\u001b[?25l') this.cursorShown = false;
    else if (token === '\u001b[?25h') this.cursorShown = true;
    else if (token === '\u001b[?2026h') this.synchronized = true;
    else if (token === '\u001b[?2026l') this.synchronized = false;
    else if (!token.startsWith('\u001b')) {
      this.rows[this.row] =
        this.#here().slice(0, this.column).padEnd(this.column) + token + this.#here().slice(this.column + 1);
      this.column += 1;
    }
  }

  #here(): string {
    return this.rows[this.row] ?? '';
  }

  // Also the line discipline's part: a line feed goes to the start of the next row.
  #down(): void {
    this.row += 1;
    this.column = 0;
    if (this.row === this.rows.length) this.rows.push('');
  }
}

describe('LiveBlock', () => {
  const open = (columns = 80): { screen: Screen; block: LiveBlock; writes: string[]; resize: (to: number) => void } => {
    const screen = new Screen();
    const writes: string[] = [];
    let width = columns;
    const write = (text: string): void => {
      writes.push(text);
      screen.write(text);
    };
    return { screen, writes, block: new LiveBlock(write, () => width, paintPlain), resize: (to) => (width = to) };
  };

  it('draws over itself, longer and shorter', () => {
    const { screen, block } = open();
    block.draw([line('one'), line('two'), line('three')]);
    block.draw([line('1'), line('2')]);
    assert.deepEqual(screen.rows, ['1', '2']);
    block.draw([line('a'), line('b'), line('c')]);
    assert.deepEqual(screen.rows, ['a', 'b', 'c']);
    assert.equal(screen.cursorShown, false);
  });

  it('writes nothing for an equal frame, and each frame as one synchronized write', () => {
    const { block, writes, screen } = open();
    block.draw([line('one')]);
    block.draw([line('one')]);
    block.draw([line('two')]);
    assert.equal(writes.length, 2);
    for (const text of writes) assert.match(text, /^\u001b\[\?2026h[\s\S]*\u001b\[\?2026l$/);
    assert.equal(screen.synchronized, false);
  });

  it('prints above itself', () => {
    const { screen, block } = open();
    block.draw([line('one'), line('two')]);
    block.print('log 1\nlog 2\n');
    block.draw([line('one'), line('three')]);
    assert.deepEqual(screen.rows, ['log 1', 'log 2', 'one', 'three']);
  });

  it('gives the terminal back, with or without itself', () => {
    for (const [keep, rows] of [
      [true, ['one', 'two', '']],
      [false, ['']],
    ] as const) {
      const { screen, block } = open();
      block.draw([line('one'), line('two')]);
      block.close(keep);
      block.close(keep);
      assert.deepEqual(screen.rows, rows);
      assert.equal(screen.cursorShown, true);
    }
  });

  it('leaves no trace when nothing was drawn', () => {
    const { block, writes } = open();
    block.close(false);
    assert.deepEqual(writes, []);
  });

  it('goes up by the rows that a narrower terminal made of its lines', () => {
    const { block, writes, resize } = open(80);
    block.draw([line('x'.repeat(70)), line('y')]);
    resize(30);
    block.draw([line('z'), line('y')]);
    assert.match(writes[1] ?? '', /\r\u001b\[3A\u001b\[J/);
  });
});

describe('guardStream', () => {
  it('diverts what others write, and lets its owner through', async () => {
    const written: string[] = [];
    const stream: GuardedStream = { write: (text: unknown) => written.push(String(text)) > 0 };
    const original = stream.write;
    const diverted: string[] = [];
    const guard = guardStream(stream, (text) => diverted.push(text));
    stream.write('text');
    // 'é' in two chunks: the first ends within the character.
    stream.write(Uint8Array.of(0x61, 0xc3));
    stream.write(Uint8Array.of(0xa9));
    await new Promise<void>((resolve) => stream.write('done', 'utf8', () => resolve()));
    guard.write('own');
    assert.deepEqual([diverted.join('|'), written], ['text|a|é|done', ['own']]);
    guard.release();
    guard.release();
    assert.equal(stream.write, original);
  });

  it('does not take back what somebody else has put there since', () => {
    const stream = { write: () => true } as GuardedStream;
    const guard = guardStream(stream, () => {});
    const later = (): boolean => false;
    stream.write = later;
    guard.release();
    assert.equal(stream.write, later);
  });
});

describe('pretty reporter', () => {
  it('draws, prints above, and leaves the card', () => {
    const [out, err] = [new TextSink(true), new TextSink(true)];
    const script: Script = new Script((event) => reporter.update(event));
    const reporter = prettyReporter({
      workflow: 'corpus',
      outline: [{ state: 'Scan', node: 'scan' }],
      threads: 1,
      look: () => ({ threads: [{ thread: 0, status: 'idle', busyMs: 0 }], queued: 0, inFlight: 0 }),
      now: () => script.at,
      out,
      err,
      colors: { out: false, err: false },
      logLevel: 'info',
    });
    script.start();
    script.enter('Scan');
    script.log('Scan', 'a log line');
    out.write('printed by somebody\nhalf a line');
    reporter.notice('cancelling');
    const screen = new Screen();
    screen.write(err.text);
    assert.deepEqual(screen.rows, [
      ' info  scan  a log line',
      'printed by somebody',
      ' ● Scan  0.0s',
      '',
      ' T0 ░░░░░░░░░░   0%  idle',
      '',
      ' corpus  0.0s elapsed  cancelling',
    ]);
    script.end('cancelled', 'Scan', runReport([], { status: 'cancelled', wallMs: 20 }), 20);
    reporter.finish(['the summary']);
    reporter.stop();
    const after = new Screen();
    after.write(err.text);
    assert.deepEqual(after.rows, [
      ' info  scan  a log line',
      'printed by somebody',
      'half a line',
      '',
      ' ■ corpus cancelled after 20ms in state Scan',
      '',
      '   threads busy  0%  (0.00 of 2 threads on average)',
      '   executions    0 · 0 retries · 0 failures',
      '',
      '',
    ]);
    assert.equal(after.cursorShown, true);
    assert.equal(out.text, ' the summary\n');
    assert.equal(process.listenerCount('uncaughtExceptionMonitor'), 0);
  });

  it('keeps the last frame when it is stopped before the end', () => {
    const err = new TextSink(true);
    const reporter = prettyReporter({
      workflow: 'corpus',
      outline: [],
      threads: 1,
      look: () => ({ threads: [], queued: 0, inFlight: 0 }),
      now: () => 0,
      out: new TextSink(),
      err,
      colors: { out: true, err: true },
      logLevel: 'info',
    });
    reporter.stop();
    const screen = new Screen();
    screen.write(err.text.replaceAll(/\u001b\[\d+m/g, ''));
    assert.deepEqual(screen.rows, ['', ' corpus  0.0s elapsed', '']);
    assert.equal(screen.cursorShown, true);
  });
});
