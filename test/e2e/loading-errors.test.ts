/**
 * Thread files that cannot be loaded: each is refused with one clear message, and the same thread goes on with the next
 * file. Further: what Node's own flags do to threads, and where stack traces point.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { buildSync } from 'esbuild';
import { buildPackage, Project } from '../support/package.ts';

const built = buildPackage();
const projects: Project[] = [];
after(() => {
  for (const made of projects) made.remove();
  built.remove();
});

function project(files: Readonly<Record<string, string>>): Project {
  const made = new Project().install(built).write(files);
  projects.push(made);
  return made;
}

const define = (name: string, options = ''): string =>
  `export const ${name} = defineExec(import.meta.url, { name: '${name}', ${options} exec: (n) => n + 1 });\n`;
const thread = (name: string, head = '', options = ''): string =>
  `import { defineExec } from 'cano/node';\n${head}\n${define(name, options)}`;

interface End {
  readonly value?: unknown;
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: string;
  readonly attempts: number;
  readonly ms: number;
  /** What an exec of another file gives on the same thread right afterwards. */
  readonly next: unknown;
}

/** The exec is made by hand, since the main thread could not import most of the files either. */
const RUNNER = `
import { pathToFileURL } from 'node:url';
import { createEngine, MemoryStore, nodeFor, retry, Workflow } from 'cano';
import { defineExec } from 'cano/node';
const deaths = [];
const engine = createEngine({ threads: 1, grace: '50ms', onEvent: (event) => { if (event.type === 'thread.exited') deaths.push(event.reason); } });
const execOf = (file, name) => defineExec(pathToFileURL(file).href, { name, setupTimeout: '400ms', exec: (n) => n });
const run = async (exec) => {
  const node = nodeFor()({ name: 'n', outcomes: ['Done'], prep: () => 5, exec, retry: retry.fixed({ retries: 1 }), post: (store, out) => { store.put('out', out); return 'Done'; } });
  const store = new MemoryStore({});
  const started = engine.start(new Workflow('w', 'Work').registerNode('Work', node).addExitStates('Done'), store);
  const begin = performance.now();
  const end = await started.result.then(
    () => ({ value: store.get('out') }),
    ({ cause }) => ({ name: cause.name, code: cause.code, message: cause.message, cause: cause.cause?.name }),
  );
  return { ...end, attempts: started.report().nodes[0].attempts, ms: performance.now() - begin };
};
const good = execOf('good.mjs', 'good');
await run(good);
const ends = {};
for (const entry of process.argv.slice(2)) {
  const [file, name] = entry.split('=');
  ends[entry] = await run(execs(entry, file, name));
  ends[entry].next = (await run(good)).value;
}
function execs(entry, file, name) {
  return (execs[file + name] ??= execOf(file, name));
}
await engine.close();
console.log(JSON.stringify({ ends, deaths }));
`;

describe('a thread file that cannot be used', () => {
  const files = {
    'runner.mjs': RUNNER,
    'good.mjs': thread('good'),
    'syntax.mjs': 'const a = ;',
    'throws.mjs': `throw Object.assign(new RangeError('no model'), { code: 'E_MODEL' });`,
    'half.mjs': `${thread('half')}throw new Error('half way');`,
    'never.mjs': `${thread('never')}await new Promise(() => {});`,
    'spins.mjs': `${thread('spins')}for (;;);`,
    'exits.mjs': `${thread('exits')}process.exit(7);`,
    'other.mjs': `${thread('one')}${define('two')}`,
    'empty.mjs': 'export default 1;',
    'twice.mjs': `${thread('twice')}${define('Twice').replace("'Twice'", "'twice'")}`,
    'wires.mjs': thread('wires', "import 'cano';"),
    'deep.mjs': thread('deep', "import './wired.mjs';"),
    'wired.mjs': "import { Workflow } from 'cano'; export const w = new Workflow('w', 'A');",
    'needs.mjs': thread('needs', "import 'no-such-package';"),
    'setup.mjs': thread('setup', '', "setup: () => { throw new TypeError('no weights'); },"),
    'engine.mjs': thread(
      'engine',
      '',
      "setup: async () => { const { createEngine } = await import('cano'); return createEngine(); },",
    ),
  };
  const cases: Record<string, { readonly code: string; readonly says: RegExp; readonly attempts?: number }> = {
    'absent.mjs=absent': {
      code: 'CANO_LOAD_FAILED',
      says: /^exec 'absent': its file file:.*\/absent\.mjs failed to load on a thread: Cannot find module '.*absent\.mjs'/,
    },
    'syntax.mjs=syntax': {
      code: 'CANO_LOAD_FAILED',
      says: /\/syntax\.mjs failed to load on a thread: Unexpected token ';'$/,
    },
    'throws.mjs=throws': { code: 'CANO_LOAD_FAILED', says: /\/throws\.mjs failed to load on a thread: no model$/ },
    'half.mjs=half': { code: 'CANO_LOAD_FAILED', says: /\/half\.mjs failed to load on a thread: half way$/ },
    'other.mjs=three': {
      code: 'CANO_LOAD_FAILED',
      says: /\/other\.mjs was loaded on a thread but did not define it \(it defines one, two\): call defineExec at the top level/,
    },
    'empty.mjs=empty': {
      code: 'CANO_LOAD_FAILED',
      says: /\/empty\.mjs was loaded on a thread but did not define it \(it defines no exec\)/,
    },
    'twice.mjs=twice': {
      code: 'CANO_LOAD_FAILED',
      says: /two execs are defined with the key 'file:.*\/twice\.mjs#twice': give one of them another name$/,
    },
    'wires.mjs=wires': {
      code: 'CANO_LOAD_FAILED',
      says: /'cano' was imported on one of cano's own threads.*move the exec to a file of its own that imports 'cano\/node' only/,
    },
    'deep.mjs=deep': { code: 'CANO_LOAD_FAILED', says: /'cano' was imported on one of cano's own threads/ },
    'needs.mjs=needs': {
      code: 'CANO_LOAD_FAILED',
      says: /Cannot find package 'no-such-package' imported from .*needs\.mjs$/,
    },
    'setup.mjs=setup': { code: 'CANO_SETUP_FAILED', says: /^setup of exec 'setup' failed: no weights$/, attempts: 2 },
    'engine.mjs=engine': {
      code: 'CANO_SETUP_FAILED',
      says: /'cano' was imported on one of cano's own threads/,
      attempts: 2,
    },
    'never.mjs=never': {
      code: 'CANO_SETUP_FAILED',
      says: /^exec 'never' was not ready after its setupTimeout of 400 ms \(loading its file and setup\)$/,
      attempts: 2,
    },
    'spins.mjs=spins': {
      code: 'CANO_SETUP_FAILED',
      says: /^exec 'spins' was not ready after its setupTimeout of 400 ms/,
      attempts: 2,
    },
    'exits.mjs=exits': {
      code: 'CANO_THREAD_DIED',
      says: /it ended its thread \(worker exited with code: 7\)$/,
      attempts: 2,
    },
  };
  let ends: Record<string, End> = {};
  let deaths: string[] = [];

  before(async () => {
    // Each is asked for twice: what is left of a first failure must not change the second answer.
    const entries = Object.keys(cases).flatMap((entry) => [entry, `${entry}=again`]);
    ({ ends, deaths } = await project(files).json<{ ends: Record<string, End>; deaths: string[] }>([
      'runner.mjs',
      ...entries,
    ]));
  });

  for (const [entry, { code, says, attempts = 1 }] of Object.entries(cases)) {
    test(`${entry.replace('=', ' → ')}: ${code}, and its thread serves others`, () => {
      for (const key of [entry, `${entry}=again`]) {
        const end = ends[key] as End;
        assert.equal(end.code, code, end.message);
        assert.match(end.message ?? '', says);
        assert.equal(end.attempts, attempts);
        assert.equal(end.next, 6);
      }
    });
  }

  test('only the files that hold or end their thread cost one', () => {
    const count = (reason: string): number => deaths.filter((known) => known === reason).length;
    const [terminated, exits] = [count('terminated'), count('exit')];
    // never and spins: two attempts each, asked for twice; and the last thread, if it has a lease when the engine closes.
    assert.ok(terminated === 8 || terminated === 9, deaths.join(', '));
    // exits: the same, and where earlier executions may be to blame an attempt is repeated once for free.
    assert.ok(exits >= 4 && exits <= 8, deaths.join(', '));
    assert.equal(deaths.length, terminated + exits);
  });

  test('a setup that hangs is ended near its setupTimeout', () => {
    for (const entry of ['never.mjs=never', 'spins.mjs=spins']) {
      const { ms } = ends[entry] as End;
      assert.ok(ms >= 800 && ms < 5_000, `${ms} ms for two attempts of 400 ms`);
    }
  });
});

describe('names and files', () => {
  test('one name in two files are two execs', async () => {
    const two = project({
      'a.mjs':
        "import { defineExec } from 'cano/node'; export default defineExec(import.meta.url, { name: 'same', exec: (n) => n + 1 });",
      'b.mjs':
        "import { defineExec } from 'cano/node'; export default defineExec(import.meta.url, { name: 'same', exec: (n) => n + 2 });",
      'main.mjs': `
import { MemoryStore, nodeFor, Workflow } from 'cano';
import a from './a.mjs';
import b from './b.mjs';
const node = (exec, outcome) => nodeFor()({ name: 'n', outcomes: [outcome], prep: (store) => store.get('n'), exec, post: (store, n) => { store.put('n', n); return outcome; } });
const store = new MemoryStore({ n: 1 });
await new Workflow('w', 'A').registerNode('A', node(a, 'B')).registerNode('B', node(b, 'Done')).addExitStates('Done').orchestrate(store);
console.log(store.get('n'));
`,
    });
    assert.equal(await two.json(['main.mjs']), 4);
  });

  test('two execs of one name in one file are refused where they are defined', async () => {
    const { code, stderr } = await project({
      'twice.mjs': `${thread('twice')}${define('Twice').replace("'Twice'", "'twice'")}`,
    }).run(['twice.mjs']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /DuplicateExecError: two execs are defined with the key 'file:.*\/twice\.mjs#twice': give one of them another name/,
    );
  });
});

describe('a script that defines an exec and runs it', { concurrency: 2 }, () => {
  const single = {
    'effect.mjs': "import { appendFileSync } from 'node:fs'; appendFileSync('imported', 'x');",
    'script.ts': `
import './effect.mjs';
import { appendFileSync } from 'node:fs';
import { defineExec, MemoryStore, nodeFor, Workflow } from 'cano';
appendFileSync('evaluated', 'x');
const double = defineExec(import.meta.url, { name: 'double', exec: (n: number): number => n * 2 });
interface Data { out: number }
const node = nodeFor<MemoryStore<Data>>();
await new Workflow<'Work' | 'Done', MemoryStore<Data>>('script', 'Work')
  .registerNode('Work', node({ name: 'n', outcomes: ['Done'], prep: () => 4, exec: double, post: (store, out) => { store.put('out', out); return 'Done'; } }))
  .addExitStates('Done')
  .orchestrate(new MemoryStore<Data>());
`,
  };
  const refused = async (made: Project, args: string[]): Promise<void> => {
    const { code, stdout, stderr, ms } = await made.run(args);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /LoadFailedError: exec 'double': its file .* failed to load on a thread: 'cano' was imported on one of cano's own threads/,
    );
    assert.match(stderr, /move the exec to a file of its own that imports 'cano\/node' only/);
    assert.equal(made.read('evaluated'), 'x', 'the body of the script ran on the main thread only');
    assert.ok(ms < 15_000, `took ${ms} ms`);
  };

  test('is refused: its body does not run a second time', async () => {
    const script = project(single).link('tsx');
    await refused(script, ['--import', 'tsx', 'script.ts']);
    // Imports are evaluated before the body; that much of a script cannot be kept from a thread.
    assert.equal(script.read('imported'), 'xx');
  });

  test('is refused as a bundle', async () => {
    const script = project(single);
    buildSync({
      absWorkingDir: script.folder,
      entryPoints: ['script.ts'],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      outfile: 'out.mjs',
      logLevel: 'error',
    });
    await refused(script, ['out.mjs']);
  });
});

describe('under flags of Node', { concurrency: 2 }, () => {
  const files = {
    'work.mjs': `
import { isMainThread } from 'node:worker_threads';
import { defineExec } from 'cano/node';
export default defineExec(import.meta.url, { name: 'work', exec: (n) => [n + 1, isMainThread, globalThis.preloaded ?? 0, process.execArgv] });
`,
    'preload.mjs': 'globalThis.preloaded = (globalThis.preloaded ?? 0) + 1;',
    'main.mjs': `
import { MemoryStore, nodeFor, Workflow } from 'cano';
import work from './work.mjs';
export async function run() {
  const node = nodeFor()({ name: 'n', outcomes: ['Done'], prep: () => 5, exec: work, post: (store, out) => { store.put('out', out); return 'Done'; } });
  const store = new MemoryStore({});
  await new Workflow('w', 'Work').registerNode('Work', node).addExitStates('Done').orchestrate(store);
  return store.get('out');
}
if (process.argv[1].endsWith('main.mjs')) console.log(JSON.stringify(await run()));
`,
    'main.test.mjs': `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './main.mjs';
test('runs on a thread', async () => assert.deepEqual((await run()).slice(0, 2), [6, false]));
`,
  };
  const made = project(files);

  test('threads inherit --import and --enable-source-maps', async () => {
    const args = ['--import', './preload.mjs', '--enable-source-maps'];
    assert.deepEqual(await made.json([...args, 'main.mjs']), [6, false, 1, args]);
  });

  test('threads inherit NODE_OPTIONS', async () => {
    assert.deepEqual(await made.json(['main.mjs'], { env: { NODE_OPTIONS: '--import ./preload.mjs' } }), [
      6,
      false,
      1,
      [],
    ]);
  });

  test('--inspect=0 keeps nothing from running or ending', async () => {
    assert.deepEqual((await made.json<unknown[]>(['--inspect=0', 'main.mjs'])).slice(0, 2), [6, false]);
  });

  test('node --test ends by itself after a run on the default engine', async () => {
    const { code, stdout, stderr } = await made.run(['--test', 'main.test.mjs']);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /pass 1/);
  });
});

describe('the stack of an error thrown in exec', { concurrency: 2 }, () => {
  const files = {
    'fails.ts': `import { defineExec } from 'cano/node';

interface Input {
  readonly size: number;
}

function check(input: Input): number {
  if (input.size > 3) throw new RangeError('too big');
  return input.size;
}

export default defineExec(import.meta.url, {
  name: 'fails',
  exec: (input: Input): number => check(input),
});
`,
    'main.ts': `
import { MemoryStore, nodeFor, retry, Workflow } from 'cano';
import fails from './fails.ts';
const node = nodeFor<MemoryStore<object>>();
const failed: unknown = await new Workflow<'Work' | 'Done', MemoryStore<object>>('w', 'Work')
  .registerNode('Work', node({ name: 'n', outcomes: ['Done'], prep: () => ({ size: 4 }), exec: fails, retry: retry.none() }))
  .addExitStates('Done')
  .orchestrate(new MemoryStore<object>())
  .catch((error: { cause: unknown }) => error.cause);
const { name, stack } = failed as RangeError;
console.log(JSON.stringify([failed instanceof RangeError, name, stack]));
`,
  };
  const pointsToSource = ([isRangeError, name, stack]: [boolean, string, string]): void => {
    assert.deepEqual([isRangeError, name], [true, 'RangeError']);
    assert.match(stack, /^RangeError: too big\n +at check \(.*fails\.ts:8:29\)\n +at .*fails\.ts:14:35\)/);
  };

  for (const flags of [[], ['--enable-source-maps']]) {
    test(`points to the line of the TypeScript file under ${['node', ...flags].join(' ')} --import tsx`, async () => {
      pointsToSource(
        await project(files)
          .link('tsx')
          .json([...flags, '--import', 'tsx', 'main.ts']),
      );
    });
  }

  test('points to the line of the TypeScript file in a bundle with source maps', async () => {
    const bundled = project(files);
    buildSync({
      absWorkingDir: bundled.folder,
      entryPoints: ['main.ts', 'fails.ts'],
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: true,
      outdir: 'out',
      logLevel: 'error',
    });
    pointsToSource(await bundled.json(['--enable-source-maps', 'out/main.js']));
  });
});
