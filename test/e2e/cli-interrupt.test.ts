import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { rollCall, type RollCall } from '../fixtures/cli/roll-call.ts';
import { fixture, nodeArgs, startCano, startProcess, works, type Started } from '../fixtures/cli/run-cli.ts';

const endless = (env: Readonly<Record<string, string>> = {}): Started =>
  startCano(['run', fixture('endless'), '--threads', '2'], env);

describe('cano run, interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`cancels the run at the first ${signal} and says where it stood`, async () => {
      const { child, saw, ended } = endless();
      await saw('● Spin');
      child.kill(signal);
      const { code, err } = await ended;
      assert.equal(code, 130, err);
      assert.match(err, /cancelling/);
      assert.match(err, /■ endless cancelled after .* in state Spin/);
      assert.match(err, new RegExp(`was cancelled: interrupted by ${signal}`));
    });
  }

  it('ends a thread that does not listen', async () => {
    const { child, saw, ended } = endless({ STUBBORN: '1' });
    await saw('deaf');
    child.kill('SIGINT');
    const { code, err } = await ended;
    assert.equal(code, 130, err);
    assert.match(err, /■ endless cancelled after .* in state Stubborn/);
  });

  it('exits at once at the second', async () => {
    const { child, saw, ended } = endless({ STUBBORN: '1' });
    await saw('deaf');
    child.kill('SIGINT');
    await saw('cancelling');
    child.kill('SIGINT');
    const { code, err } = await ended;
    assert.equal(code, 130, err);
    // It did not wait for the run, so there is nothing to tell of its end.
    assert.doesNotMatch(err, /cancelled after/);
  });

  it('ends a comparison and the run in it', async () => {
    const { child, saw, ended } = startCano(['run', fixture('endless'), '--compare', '--threads', '2']);
    await saw('pair 1/3');
    // The child has to be far enough to be asked.
    child.kill('SIGINT');
    const { code, err } = await ended;
    assert.equal(code, 130, err);
  });
});

describe('cano, interrupted while it measures,', () => {
  const roll: RollCall[] = [];
  after(() => {
    for (const { close } of roll) close();
  });
  const called = async (): Promise<RollCall> => {
    const made = await rollCall();
    roll.push(made);
    return made;
  };
  const COMPARE = ['run', fixture('outsides'), '--compare', '--pairs', '1', '--threads', '2'];
  const BENCH = ['bench', fixture('outsides'), '--threads', '1', '--repeat', '1', '--warmup', '0'];

  for (const [command, args] of [
    ['run --compare', COMPARE],
    ['bench', BENCH],
  ] as const) {
    it(`leaves nothing of what a run has started: ${command}`, async () => {
      const { at, heard, allGone } = await called();
      const { child, ended } = startCano([...args, '--at', at]);
      await heard('outside');
      child.kill('SIGINT');
      const { code, err } = await ended;
      assert.equal(code, 130, err);
      await allGone();
    });

    it(`leaves nothing at the second time: ${command}`, async () => {
      const { at, heard, allGone } = await called();
      const { child, ended } = startCano([...args, '--at', at, '--deaf']);
      await heard('outside');
      child.kill('SIGINT');
      await heard('interrupted');
      child.kill('SIGINT');
      const { code, err } = await ended;
      assert.equal(code, 130, err);
      await allGone();
    });

    it(`does not go on after a run that had just ended: ${command}`, async () => {
      const { at, heard, allGone } = await called();
      const { child, ended } = startCano([...args, '--at', at, '--on', 'none', '--lingers']);
      const thread = await heard('lingers');
      child.kill('SIGINT');
      await heard('interrupted');
      thread.write('go');
      const { code, out, err } = await ended;
      assert.equal(code, 130, err);
      assert.equal(out, '');
      // Nor is the machine measured.
      assert.doesNotMatch(err, /spin/);
      await allGone();
    });
  }

  it('leaves nothing of a bare loop that takes its inputs', async () => {
    const { at, heard, allGone } = await called();
    const { child, ended } = startCano([...BENCH, '--at', at, '--on', 'main']);
    await heard('loop');
    await heard('outside');
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    assert.equal(code, 130, err);
    assert.equal(out, '');
    await allGone();
  });
});

const SHOW = '\u001b[?25h';
const HIDE = '\u001b[?25l';
const hasScript = works('script', '--version');

describe(
  'cano run on a terminal',
  { skip: hasScript ? false : 'needs script(1) of util-linux for a pseudo-terminal' },
  () => {
    const onTerminal = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Started => {
      const command = [process.execPath, ...nodeArgs(...args)].map((word) => `'${word}'`).join(' ');
      return startProcess('script', ['-qec', `stty rows 24 cols 80; exec ${command}`, '/dev/null'], {
        TERM: 'xterm-256color',
        ...env,
      });
    };

    const CTRL_C = '\u0003';

    it('draws the run, and leaves the card and the cursor', async () => {
      const { code, out } = await onTerminal(['run', fixture('pipeline'), '--spins', '30', '--spin-ms', '30']).ended;
      assert.equal(code, 0, out);
      const text = stripVTControlCharacters(out);
      assert.match(text, / ● Spin +\d+\/30 /);
      assert.match(text, / T0 [█░]{10} +\d+% {2}/);
      assert.match(text, / words completed in /);
      assert.match(text, / 3 words, quiet\r?\n/);
      assert.ok(out.lastIndexOf(SHOW) > out.lastIndexOf(HIDE) && out.includes(HIDE));
    });

    it('restores the cursor at Ctrl-C', async () => {
      const { child, saw, ended } = onTerminal(['run', fixture('endless')]);
      await saw(HIDE);
      await saw('T0');
      child.stdin?.write(CTRL_C);
      const { code, out } = await ended;
      assert.equal(code, 130, out);
      assert.match(out, /cancelling; Ctrl-C again exits at once/);
      assert.ok(out.lastIndexOf(SHOW) > out.lastIndexOf(HIDE), 'the cursor is hidden');
    });

    it('restores the cursor at the second Ctrl-C', async () => {
      const { child, saw, ended } = onTerminal(['run', fixture('endless')], { STUBBORN: '1' });
      await saw('deaf');
      child.stdin?.write(CTRL_C);
      await saw('cancelling');
      child.stdin?.write(CTRL_C);
      const { code, out } = await ended;
      assert.equal(code, 130, out);
      assert.ok(out.lastIndexOf(SHOW) > out.lastIndexOf(HIDE), 'the cursor is hidden');
      assert.doesNotMatch(out, /cancelled after/);
    });
  },
);
