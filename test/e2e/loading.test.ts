/**
 * Thread files in every form in which users have them, each in a project of its own that imports the installed package.
 * What is loaded is told by the threads themselves.
 */
import assert from 'node:assert/strict';
import { cpSync, renameSync, symlinkSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { buildSync } from 'esbuild';
import { buildPackage, Project, strippingNode, tool } from '../support/package.ts';

const built = buildPackage();
const projects: Project[] = [];
after(() => {
  for (const made of projects) made.remove();
  built.remove();
});

function project(files: Readonly<Record<string, string>>, type?: 'module' | 'commonjs' | null): Project {
  const made = new Project(type).install(built).write(files);
  projects.push(made);
  return made;
}

const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);
const native = strippingNode();
const noNative = `${process.version} does not strip types and .node-versions/ holds no Node that does: npm run test:nodes covers it`;

/** Static and dynamic imports, top-level await, setup and params; counts its evaluations in the thread. */
const WORK = {
  'work.ts': `
import { isMainThread } from 'node:worker_threads';
import { defineExec } from 'cano/node';
import { times } from './lib/times.ts';
const { one } = await import('./lib/one.ts');
const holder = globalThis as { evaluations?: number };
holder.evaluations = (holder.evaluations ?? 0) + 1;
export default defineExec(import.meta.url, {
  name: 'work',
  params: { factor: 2 },
  setup: async (params) => ({ factor: params.factor + one }),
  exec: (n: number, ctx) => ({ value: times(n, ctx.resource.factor), onMain: isMainThread, evaluations: holder.evaluations ?? 0 }),
});
`,
  'lib/times.ts': `export const times = (a: number, b: number): number => a * b;\n`,
  'lib/one.ts': `export const one: number = 1;\n`,
};

const MAIN = {
  'main.ts': `
import { createEngine, MemoryStore, nodeFor, retry, Workflow } from 'cano';
import work from './work.ts';
interface Data { n: number; result: unknown }
const node = nodeFor<MemoryStore<Data>>();
const workflow = new Workflow<'Work' | 'Done', MemoryStore<Data>>('main', 'Work')
  .registerNode('Work', node({
    name: 'work',
    outcomes: ['Done'],
    prep: (store) => store.get('n'),
    exec: work.with({ factor: 6 }),
    retry: retry.none(),
    post: (store, result) => { store.put('result', result); return 'Done'; },
  }))
  .addExitStates('Done');
const engine = createEngine({ threads: 1 });
const store = new MemoryStore<Data>({ n: 6 });
try {
  await engine.start(workflow, store).result;
} finally {
  await engine.close();
}
console.log(JSON.stringify(store.get('result')));
`,
};

const WORKED = { value: 42, onMain: false, evaluations: 1 };

/** Runs execs by file and name, one after the other, and prints how each ended; with --anew, on a new thread each. */
const EACH = {
  'each.mjs': `
import { pathToFileURL } from 'node:url';
import { createEngine, MemoryStore, nodeFor, retry, Workflow } from 'cano';
import { defineExec } from 'cano/node';
const [anew, ...entries] = process.argv.slice(2);
const ends = [];
let engine = createEngine({ threads: 1 });
for (const entry of entries) {
  const [file, name] = entry.split('=');
  const exec = defineExec(pathToFileURL(file).href, { name, exec: (n) => n });
  const node = nodeFor()({ name, outcomes: ['Done'], prep: () => 5, exec, retry: retry.none(), post: (store, out) => { store.put('out', out); return 'Done'; } });
  const store = new MemoryStore({});
  const workflow = new Workflow('each', 'Work').registerNode('Work', node).addExitStates('Done');
  await engine.start(workflow, store).result.then(
    () => ends.push(store.get('out')),
    ({ cause }) => ends.push({ name: cause.name, code: cause.code, message: cause.message }),
  );
  if (anew !== '--anew') continue;
  await engine.close();
  engine = createEngine({ threads: 1 });
}
await engine.close();
console.log(JSON.stringify(ends));
`,
};

const exec = (name: string, body: string, imports = ''): string =>
  `import { defineExec } from 'cano/node';\n${imports}\nexport default defineExec(import.meta.url, { name: '${name}', exec: (n) => ${body} });\n`;

describe('a program in TypeScript', { concurrency: 2 }, () => {
  const typescript = project({ ...WORK, ...MAIN }).link('tsx');
  const loaders: [string, string[]][] = [
    ['node --import tsx main.ts', ['--import', 'tsx', 'main.ts']],
    ['tsx main.ts', ['node_modules/tsx/dist/cli.mjs', 'main.ts']],
    ['node --enable-source-maps --import tsx main.ts', ['--enable-source-maps', '--import', 'tsx', 'main.ts']],
  ];
  for (const [name, args] of loaders) {
    test(`runs with ${name}`, async () => {
      assert.deepEqual(await typescript.json(args), WORKED);
    });
  }

  test('runs with NODE_OPTIONS="--import tsx"', async () => {
    assert.deepEqual(await typescript.json(['main.ts'], { env: { NODE_OPTIONS: '--import tsx' } }), WORKED);
  });

  test(
    `runs with type stripping and without tsx (Node ${native?.version ?? 'missing'})`,
    { skip: native === undefined && noNative },
    async () => {
      const stripped = project({ ...WORK, ...MAIN });
      assert.deepEqual(await stripped.json(['main.ts'], { node: native?.node ?? '' }), WORKED);
    },
  );

  test('runs compiled by tsc', async () => {
    const compiled = project({
      ...WORK,
      ...MAIN,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          rewriteRelativeImportExtensions: true,
          strict: true,
          outDir: 'out',
          rootDir: '.',
          types: ['node'],
        },
      }),
    }).link('@types/node');
    tool('typescript/bin/tsc', ['-p', compiled.folder]);
    assert.deepEqual(await compiled.json(['out/main.js']), WORKED);
  });
});

describe('a program bundled by esbuild', { concurrency: 2 }, () => {
  const bundle = (made: Project, entryPoints: string[], options: object): void => {
    buildSync({
      absWorkingDir: made.folder,
      entryPoints,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      outdir: 'out',
      logLevel: 'error',
      packages: 'external',
      ...options,
    });
  };

  for (const minify of [false, true]) {
    test(`runs when its thread files are entries of their own${minify ? ', minified' : ''}`, async () => {
      const bundled = project({ ...WORK, ...MAIN });
      bundle(bundled, ['main.ts', 'work.ts'], { splitting: true, minify });
      assert.match(bundled.read('out/work.js'), /chunk-/, 'import.meta.url of the exec is that of a chunk');
      assert.deepEqual(await bundled.json(['out/main.js']), WORKED);
    });
  }

  test('is refused with the remedy when it is one file', async () => {
    const single = project({ ...WORK, ...MAIN });
    bundle(single, ['main.ts'], {});
    const { code, stdout, stderr } = await single.run(['out/main.js']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /LoadFailedError: exec 'work': its file file:.*\/out\/main\.js failed to load on a thread: 'cano' was imported on one of cano's own threads/,
    );
    assert.match(stderr, /in a bundle, make that file an entry point of its own/);
  });

  test('is refused with the remedy when cano itself is in it', async () => {
    const whole = project({ ...WORK, ...MAIN });
    bundle(whole, ['main.ts', 'work.ts'], { splitting: true, packages: 'bundle', external: ['piscina', 'comlink'] });
    const { code, stderr } = await whole.run(['out/main.js']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /LoadFailedError: threads do not start: there is no file:.*\/worker\/entry\.js.*cano must stay out of a bundle.*--external:cano/,
    );
  });
});

describe('TypeScript beyond what the loader at hand takes', { concurrency: 2 }, () => {
  const files = {
    ...EACH,
    'plain.ts': exec('plain', 'n * (2 as number)'),
    'enum.ts': exec('enum', 'n * Factor.Three', 'enum Factor { Three = 3 }'),
    'deep-enum.ts': exec('deep-enum', 'n * Factor.Four', "import { Factor } from './factor.ts';"),
    'factor.ts': 'export enum Factor { Four = 4 }',
    'specifier.ts': exec('specifier', 'n * five', "import { five } from './five.js';"),
    'five.ts': 'export const five: number = 5;',
    'deep-specifier.ts': exec('deep-specifier', 'n * six', "import { six } from './six.ts';"),
    'six.ts': "import { five } from './five.js'; export const six: number = five + 1;",
    'late.ts': `${exec('early', 'n')}\nawait import('./five.js');\nexport const late = defineExec(import.meta.url, { name: 'late', exec: (n: number) => n * 7 });`,
    'script.js': exec('script', 'n * six', "import { six } from './eight.ts';"),
    'eight.ts': 'export const six: number = 8;',
    'view.tsx': exec(
      'view',
      '<b>{n}</b>',
      'const h = (tag: string, props: unknown, ...kids: unknown[]) => tag + kids.join();\n/** @jsx h */',
    ),
    'module.mts': exec('module', 'n * (9 as number)'),
  };
  const args = Object.keys(files)
    .filter((file) => !['each.mjs', 'factor.ts', 'five.ts', 'six.ts', 'eight.ts'].includes(file))
    .map((file) => `${file}=${file.replace(/\..*/, '')}`);
  const values = [10, 15, 20, 25, 30, 35, 40, 'b5', 45];

  test(`is loaded through tsx, registered by nobody else (${process.version})`, async () => {
    assert.deepEqual(
      await project(files)
        .link('tsx')
        .json(['each.mjs', '--anew', ...args]),
      values,
    );
  });

  test(`is loaded under node --import tsx (${process.version})`, async () => {
    assert.deepEqual(
      await project(files)
        .link('tsx')
        .json(['--import', 'tsx', 'each.mjs', '--same', ...args]),
      values,
    );
  });

  test(`is loaded in a package without a type, where tsx makes CommonJS of it (${process.version})`, async () => {
    const loose = project(
      { ...EACH, 'plain.ts': files['plain.ts'], 'specifier.ts': files['specifier.ts'], 'five.ts': files['five.ts'] },
      null,
    ).link('tsx');
    const ends = ['each.mjs', '--same', 'plain.ts=plain', 'specifier.ts=specifier'];
    assert.deepEqual(await loose.json(ends), [10, 25]);
    assert.deepEqual(await loose.json(['--import', 'tsx', ...ends]), [10, 25]);
  });

  test(
    `falls back from stripping to tsx (Node ${native?.version ?? 'missing'})`,
    { skip: native === undefined ? noNative : stripsTypes && 'the same as through tsx' },
    async () => {
      assert.deepEqual(
        await project(files)
          .link('tsx')
          .json(['each.mjs', '--anew', ...args], { node: native?.node ?? '' }),
        values,
      );
    },
  );

  test('is refused with the remedy where tsx is not installed', async () => {
    const ends = await project(files).json<unknown[]>([
      'each.mjs',
      '--same',
      'plain.ts=plain',
      'enum.ts=enum',
      'script.js=script',
    ]);
    const remedy = (file: string, why: RegExp, end: unknown): void => {
      const { name, code, message } = end as { name: string; code: string; message: string };
      assert.deepEqual([name, code], ['LoadFailedError', 'CANO_LOAD_FAILED']);
      assert.match(
        message,
        new RegExp(
          `^cannot load file:.*/${file}: .*'tsx' is not installed beside that file. Run 'npm install tsx',.* or compile the file to JavaScript$`,
        ),
      );
      assert.match(message, why);
    };
    remedy('enum.ts', stripsTypes ? /enum is not supported/ : /does not load TypeScript by itself/, ends[1]);
    if (stripsTypes) {
      assert.deepEqual([ends[0], ends[2]], [10, 40]);
    } else {
      remedy('plain.ts', /or use Node 22\.18 or later/, ends[0]);
      remedy('script.js', /Unknown file extension ".ts" for .*eight\.ts/, ends[2]);
    }
  });
});

describe('where cano and its thread files lie', { concurrency: 2 }, () => {
  test('paths with spaces, letters beyond ASCII, # % ? and quotes', async () => {
    const file = `sp ace/ünï 100% #1/it's a "b"?.mjs`;
    assert.deepEqual(
      await project({ ...EACH, [file]: exec('odd', 'n + 1') }).json(['each.mjs', '--same', `${file}=odd`]),
      [6],
    );
  });

  test('a package that is a symbolic link, as pnpm and workspaces lay it out', async () => {
    const linked = project({ ...EACH, 'work.mjs': exec('work', 'n + 1') });
    linked.write({ 'store/cano/.keep': '' });
    renameSync(linked.path('node_modules'), linked.path('store/node_modules'));
    linked.write({ 'node_modules/.keep': '' });
    symlinkSync(linked.path('store/node_modules/cano'), linked.path('node_modules/cano'));
    assert.deepEqual(await linked.json(['each.mjs', '--same', 'work.mjs=work']), [6]);
  });

  test('a thread file in a dependency that has a copy of cano of its own', async () => {
    const nested = project({
      ...EACH,
      'node_modules/nodes-of-others/package.json':
        '{"name":"nodes-of-others","version":"1.0.0","type":"module","exports":"./index.js"}',
      'node_modules/nodes-of-others/index.js': `
import { defineExec, NonRetryableError } from 'cano/node';
export const ok = defineExec(import.meta.url, { name: 'ok', exec: (n) => n + 1 });
export const no = defineExec(import.meta.url, { name: 'no', exec: () => { throw new NonRetryableError('no more'); } });
`,
      'main.mjs': `
import { ok, no } from 'nodes-of-others';
import { MemoryStore, nodeFor, Workflow, NonRetryableError } from 'cano';
const run = async (exec) => {
  const node = nodeFor()({ name: 'n', outcomes: ['Done'], prep: () => 5, exec, post: (store, out) => { store.put('out', out); return 'Done'; } });
  const store = new MemoryStore({});
  await new Workflow('w', 'Work').registerNode('Work', node).addExitStates('Done').orchestrate(store);
  return store.get('out');
};
const value = await run(ok);
const { cause, report } = await run(no).catch((error) => error);
console.log(JSON.stringify([value, cause instanceof NonRetryableError, cause.message, report.nodes[0].attempts]));
`,
    });
    cpSync(built.folder, nested.path('node_modules/nodes-of-others/node_modules/cano'), { recursive: true });
    assert.deepEqual(await nested.json(['main.mjs']), [6, true, 'no more', 1]);
  });

  test('one exec is defined under a URL with a query, and runs', async () => {
    const queried = project({
      'work.mjs': exec('work', 'n + 1'),
      'main.mjs': `
import { MemoryStore, nodeFor, Workflow } from 'cano';
const { default: work } = await import('./work.mjs?hot=1#top');
const node = nodeFor()({ name: 'n', outcomes: ['Done'], prep: () => 5, exec: work, post: (store, out) => { store.put('out', out); return 'Done'; } });
const store = new MemoryStore({});
await new Workflow('w', 'Work').registerNode('Work', node).addExitStates('Done').orchestrate(store);
const again = await import('./work.mjs?hot=2').catch((error) => error);
console.log(JSON.stringify([store.get('out'), work.key.endsWith('/work.mjs#work'), again.code]));
`,
    });
    assert.deepEqual(await queried.json(['main.mjs']), [6, true, 'CANO_DUPLICATE_EXEC']);
  });
});

describe('a program in CommonJS', { concurrency: 2 }, () => {
  const files = {
    'work.js': `
const { defineExec } = require('cano/node');
const { pathToFileURL } = require('node:url');
module.exports = defineExec(pathToFileURL(__filename).href, { name: 'work', exec: (n) => n * 7 });
`,
    'main.js': `
const { createEngine, MemoryStore, nodeFor, Workflow } = require('cano');
const work = require('./work.js');
const minhash = require('cano/nodes/minhash');
const node = nodeFor()({ name: 'n', outcomes: ['Done'], prep: () => 6, exec: work, post: (store, out) => { store.put('out', out); return 'Done'; } });
const store = new MemoryStore({});
const engine = createEngine({ threads: 1 });
engine.start(new Workflow('w', 'Work').registerNode('Work', node).addExitStates('Done'), store).result
  .then(() => console.log(JSON.stringify([store.get('out'), minhash.default.name])))
  .finally(() => engine.close());
`,
    'wrong.js': `
const { defineExec } = require('cano/node');
defineExec(undefined, { name: 'work', exec: (n) => n });
`,
  };

  test('runs: require() takes the package, thread files may be CommonJS', async () => {
    const { code, stdout, stderr } = await project(files, 'commonjs').run(['main.js']);
    assert.deepEqual([code, stdout, stderr], [0, '[42,"minhash"]\n', '']);
  });

  test('is told what to write in place of import.meta.url', async () => {
    const { code, stderr } = await project(files, 'commonjs').run(['wrong.js']);
    assert.equal(code, 1);
    assert.match(stderr, /must be import\.meta\.url, got undefined \(in CommonJS: pathToFileURL\(__filename\)\.href\)/);
  });
});
