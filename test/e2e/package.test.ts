/** The package as npm would publish it: what is in it, what can be imported from it, what a thread loads of it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildPackage, Project, tool } from '../support/package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
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

/** Paths of the TypeScript files in a folder of the repository, without their ending. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true })
    .map((file) => String(file).replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file.slice(0, -'.ts'.length)}`);
}

const nodes = sourcesIn('nodes').map((path) => path.slice('nodes/'.length));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  scripts: Record<string, string>;
};

/** Runs thread execs one after the other, each on the engine of the project, and gives their results. */
const RUN = {
  'run.mjs': `
import { createEngine, MemoryStore, nodeFor, Workflow } from 'cano';
export async function run(exec, input, options) {
  const engine = createEngine({ threads: 1, ...options });
  const node = nodeFor()({ name: 'n', outcomes: ['Done'], prep: () => input, exec, post: (store, out) => { store.put('out', out); return 'Done'; } });
  const store = new MemoryStore({});
  try {
    await engine.start(new Workflow('w', 'Work').registerNode('Work', node).addExitStates('Done'), store).result;
    return store.get('out');
  } finally {
    await engine.close();
  }
}
`,
};

/** What `cano grafana export` writes; not how it is made, tested and shown. */
const forGrafana = [
  'ALERTS.md',
  'METRICS.md',
  ...['benchmark', 'overview', 'pool', 'scheduler', 'workflow'].map((name) => `dashboards/cano-${name}.json`),
  'docker-compose.yml',
  'prometheus/prometheus.yml',
  'prometheus/rules/cano-alerts.yml',
  'prometheus/rules/cano-recording.yml',
  'provisioning/dashboards/cano.yml',
  'provisioning/datasources/cano.yml',
].map((path) => `grafana/${path}`);

describe('its files', () => {
  test('are the nodes, the entries with their chunks, the declarations, and nothing else', () => {
    const isChunk = (path: string): boolean =>
      /^dist\/src\/chunks\/(?:chunk|loop-exec|metrics-port|serve)-[A-Z0-9]{8}\.js$/.test(path);
    const entries = ['index', 'node', 'prometheus', 'server/index', 'cli/main', 'worker/entry'].map(
      (path) => `src/${path}`,
    );
    const compiled = [...entries, ...sourcesIn('nodes')].map((path) => `dist/${path}.js`);
    const declared = [...sourcesIn('src'), ...sourcesIn('nodes')].map((path) => `dist/${path}.d.ts`);
    assert.deepEqual(
      built.files.filter((path) => !isChunk(path)),
      [...compiled, ...declared, ...forGrafana, 'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'].toSorted(),
    );
    const chunks = built.files.filter(isChunk);
    // Each costs its share of the start.
    assert.ok(chunks.length > 0 && chunks.length <= 16, `${chunks.length} chunks`);
  });

  test('name no path of this machine and no map that is not there', () => {
    for (const file of built.files.filter((path) => path.endsWith('.js'))) {
      const text = readFileSync(join(built.folder, file), 'utf8');
      assert.doesNotMatch(text, /sourceMappingURL/, file);
      assert.ok(!text.includes(root), file);
      assert.doesNotMatch(text, /from ['"][^'"]*\.ts['"]/, file);
    }
  });

  test('need no install script, here or in a dependency', () => {
    const hooks = ['preinstall', 'install', 'postinstall'];
    const scripts = [manifest.scripts, ...Object.keys(manifest.dependencies).map((name) => scriptsOf(name))];
    for (const known of scripts)
      assert.deepEqual(
        hooks.filter((hook) => hook in known),
        [],
      );
  });

  function scriptsOf(name: string): Record<string, string> {
    const { scripts = {} } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
      scripts?: Record<string, string>;
    };
    return scripts;
  }
});

describe('its exports', { concurrency: 2 }, () => {
  test('are the index, cano/node, the nodes and package.json; nothing else can be reached', async () => {
    const tried = project({
      'main.mjs': `
const tried = {};
for (const name of process.argv.slice(2)) {
  const options = name.endsWith('.json') ? { with: { type: 'json' } } : undefined;
  tried[name] = await import(name, options).then((found) => Object.keys(found).length > 0, (error) => error.code);
}
console.log(JSON.stringify(tried));
`,
    });
    const open = ['cano', 'cano/node', 'cano/package.json', ...nodes.map((name) => `cano/nodes/${name}`)];
    const shut = ['cano/dist/src/worker/entry.js', 'cano/src/index.js', 'cano/worker/entry.js'];
    assert.deepEqual(await tried.json(['--no-warnings', 'main.mjs', ...open, ...shut]), {
      ...Object.fromEntries(open.map((name) => [name, true])),
      ...Object.fromEntries(shut.map((name) => [name, 'ERR_PACKAGE_PATH_NOT_EXPORTED'])),
    });
  });

  test('the ready-made nodes run on threads', async () => {
    const used = project({
      ...RUN,
      'page.txt': 'It was the best of times, it was the worst of times.\n'.repeat(20),
      'main.mjs': `
import minhash, { shingleSet } from 'cano/nodes/minhash';
import readText from 'cano/nodes/readText';
import { documentFrequency } from 'cano/nodes/embedText';
import { run } from './run.mjs';
const read = await run(readText, 'page.txt');
const text = 'the quick brown fox jumps over the lazy dog and runs away from it';
const signature = await run(minhash.with({ permutations: 16 }), text);
const shingles = await run(shingleSet, text);
const features = await run(documentFrequency, text);
console.log(JSON.stringify([Object.keys(read).length > 0, signature.constructor.name, signature.length, shingles.length > 0, features.length > 0]));
`,
    });
    assert.deepEqual(await used.json(['main.mjs']), [true, 'Uint32Array', 16, true, true]);
  });

  for (const [resolution, options] of [
    ['nodenext', { module: 'nodenext' }],
    ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ] as const) {
    test(`have types that hold for ${resolution}, without skipLibCheck`, () => {
      const typed = project({
        'tsconfig.json': JSON.stringify({
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023'],
            strict: true,
            skipLibCheck: false,
            noEmit: true,
            types: ['node'],
            ...options,
          },
          files: ['main.ts'],
        }),
        'main.ts': `
import { createEngine, MemoryStore, nodeFor, Workflow, type RunResult } from 'cano';
import { defineExec } from 'cano/node';
${nodes.map((name) => `import ${name} from 'cano/nodes/${name}';`).join('\n')}
const length = defineExec(import.meta.url, { name: 'length', params: { factor: 2 }, exec: (text: string, ctx) => text.length * ctx.params.factor });
interface Data { text: string; length: number; signature: Uint32Array }
const node = nodeFor<MemoryStore<Data>>();
const workflow = new Workflow<'Length' | 'Sign' | 'Done', MemoryStore<Data>>('typed', 'Length')
  .registerNode('Length', node({
    name: 'length',
    outcomes: ['Sign'],
    prep: (store) => store.get('text'),
    exec: length.with({ factor: 3 }),
    post: (store, size) => { store.put('length', size); return 'Sign'; },
  }))
  .registerNode('Sign', node({
    name: 'sign',
    outcomes: ['Done'],
    prep: (store) => store.get('text'),
    exec: minhash.with({ permutations: 64 }),
    post: (store, signature) => { store.put('signature', signature); return 'Done'; },
  }))
  .addExitStates('Done');
export const run = (): Promise<RunResult<'Done'>> => createEngine().start(workflow, new MemoryStore<Data>({ text: 'a' })).result;
// @ts-expect-error -- exec takes text
export const wrong = node({ name: 'wrong', outcomes: ['Done'], prep: () => 1, exec: length, post: () => 'Done' });
export default [${nodes.map((name) => `${name}.key`).join(', ')}];
`,
      }).link('@types/node');
      assert.equal(tool('typescript/bin/tsc', ['-p', typed.folder]), '');
    });
  }
});

describe('its command', { concurrency: 2 }, () => {
  const installed = project({
    'work.ts':
      "import { defineExec } from 'cano/node';\nexport default defineExec(import.meta.url, { name: 'work', exec: (n: number) => n * 7 });\n",
    'pipeline.ts': `
import { definePipeline, MemoryStore, nodeFor, Workflow } from 'cano';
import work from './work.ts';
interface Data { n: number; out: number }
const node = nodeFor<MemoryStore<Data>>();
export default definePipeline({
  workflow: new Workflow<'Work' | 'Done', MemoryStore<Data>>('seven', 'Work')
    .registerNode('Work', node({ name: 'work', outcomes: ['Done'], prep: (store) => store.get('n'), exec: work, post: (store, out) => { store.put('out', out); return 'Done'; } }))
    .addExitStates('Done'),
  inputs: { n: { type: 'number', default: 6, description: 'a number' } },
  store: (inputs) => new MemoryStore<Data>({ n: inputs.n }),
  summary: (store) => 'out is ' + store.get('out'),
});
`,
  }).link('tsx');
  const bin = installed.path('node_modules/.bin/cano');

  test('has a shebang', () => {
    assert.ok(existsSync(bin), 'npm would find no command');
    assert.match(readFileSync(bin, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  test('is linked by npm and tells its version', async () => {
    const { code, stdout } = await installed.run([
      '-e',
      `process.stdout.write(require('node:child_process').execFileSync(${JSON.stringify(bin)}, ['--version'], { encoding: 'utf8' }))`,
    ]);
    assert.deepEqual([code, stdout], [0, `${manifest.version}\n`]);
  });

  test('exports what belongs to Grafana and Prometheus', async () => {
    const { code, stderr } = await installed.run([bin, 'grafana', 'export', 'monitoring']);
    assert.equal(code, 0, stderr);
    for (const path of forGrafana) {
      assert.deepEqual(
        readFileSync(installed.path(path.replace('grafana/', 'monitoring/'))),
        readFileSync(join(root, path)),
        path,
      );
    }
  });

  test('runs a pipeline in TypeScript beside an installed tsx', async () => {
    const { code, stdout, stderr } = await installed.run([
      bin,
      'run',
      'pipeline.ts',
      '--n',
      '3',
      '--threads',
      '1',
      '--reporter',
      'plain',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /out is 21/);
  });

  test('has the copy of a project run its pipelines, whichever copy was called, and tells when the versions differ', async () => {
    const other = project({});
    const owner = project({
      'first.mjs':
        "import { defineExec, read } from 'cano/node';\nexport default defineExec(import.meta.url, { name: 'first', exec: (shared) => read(shared)[0] });\n",
      'pipeline.mjs': `
import { definePipeline, MemoryStore, nodeFor, retry, share, Workflow } from 'cano';
import first from './first.mjs';
// What two copies do not know of each other: shared values, and stores whose writes of a failed attempt are undone.
const node = nodeFor()({
  name: 'work',
  outcomes: ['Done'],
  retry: retry.fixed({ retries: 1, delay: 1 }),
  prep: (store, { attempt }) => {
    store.put('tries', store.get('tries') + 1);
    if (attempt === 1) throw new Error('once');
    return store.get('numbers');
  },
  exec: first,
  post: (store, out) => { store.put('out', out); return 'Done'; },
});
export default definePipeline({
  workflow: new Workflow('shares', 'Work').registerNode('Work', node).addExitStates('Done'),
  store: () => new MemoryStore({ tries: 0, numbers: share(Float64Array.of(42)) }),
  summary: (store) => [store.get('out'), store.get('tries'), process.argv[1]].join(' '),
});
`,
    });
    const script = other.path('node_modules/cano/dist/src/cli/main.js');
    const args = ['run', 'pipeline.mjs', '--threads', '1', '--reporter', 'plain'];
    const own = owner.path('node_modules/cano/dist/src/cli/main.js');
    const { code, stdout, stderr } = await owner.run([script, ...args]);
    assert.deepEqual([code, stdout], [0, `42 1 ${own}\n`], stderr);
    // From elsewhere, by a link: imports are looked for from where the file really is.
    symlinkSync(owner.path('pipeline.mjs'), other.path('link.mjs'));
    const linked = await other.run([script, ...args.with(1, 'link.mjs')]);
    assert.deepEqual([linked.code, linked.stdout], [0, stdout], linked.stderr);
    assert.doesNotMatch(stderr, /runs this/);

    const path = other.path('node_modules/cano/package.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(`"version": "${manifest.version}"`, '"version": "9.9.9"'));
    const differing = await owner.run([script, ...args]);
    assert.deepEqual([differing.code, differing.stdout], [0, stdout], differing.stderr);
    assert.ok(differing.stderr.startsWith(`cano ${manifest.version} of the project runs this, not cano 9.9.9\n`));
    assert.equal((await owner.run([script, 'run', 'no.mjs'])).code, 2);
  });
});

describe('importing it', { concurrency: 2 }, () => {
  test('loads neither Piscina nor Comlink before a thread needs them', async () => {
    const light = project({
      'main.mjs': `
import { createRequire } from 'node:module';
import 'cano';
console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));
`,
    });
    assert.deepEqual(await light.json(['main.mjs']), []);
  });

  test('with Piscina missing, runs fail with that reason and nothing hangs', async () => {
    const broken = project({
      ...RUN,
      'main.mjs': `
import minhash from 'cano/nodes/minhash';
import { run } from './run.mjs';
const { cause } = await run(minhash, 'text').catch((error) => error);
console.log(JSON.stringify([cause.code, cause.message]));
`,
    });
    rmSync(broken.path('node_modules/piscina'));
    const [code, message] = await broken.json<[string, string]>(['main.mjs']);
    assert.equal(code, 'CANO_LOAD_FAILED');
    assert.match(message, /^threads do not start: Cannot find package 'piscina' imported from /);
  });
});

describe('a server', () => {
  test('of the package runs, and ends by itself when it has drained', async () => {
    const served = project({
      'main.mjs': `
import { defineConfig, startService } from 'cano/server';
const service = await startService(defineConfig({ server: { port: 0 } }));
const { paths } = await (await fetch(service.url + '/api/openapi.json')).json();
const ready = await fetch(service.url + '/readyz');
console.log(JSON.stringify([ready.status, Object.keys(paths).length > 10, await service.drain()]));
`,
    });
    const answer = await served.json<unknown>(['main.mjs']);
    assert.deepEqual(answer, [200, true, { running: 0, cancelled: [], dropped: 0 }]);
  });
});

describe('a thread', { concurrency: 2 }, () => {
  /** Every module of cano tells the thread that it has been loaded; Piscina and Comlink are CommonJS, whose cache tells. */
  const told = project({
    ...RUN,
    'work.mjs': `
import { createRequire } from 'node:module';
import { defineExec } from 'cano/node';
const pathsOf = (paths) => [...new Set(paths)].map((path) => path.replace(/^.*\\/node_modules\\//, '')).sort();
const loaded = () => [pathsOf(globalThis.told), pathsOf(Object.keys(createRequire(import.meta.url).cache)).filter((path) => !path.startsWith('cano/'))];
export const work = defineExec(import.meta.url, { name: 'work', exec: loaded });
export const calls = defineExec(import.meta.url, { name: 'calls', exec: async (_, ctx) => { await ctx.rpc.desk.ask(); return loaded(); } });
`,
    'main.mjs': `
import { run } from './run.mjs';
import { work, calls } from './work.mjs';
console.log(JSON.stringify([await run(work), await run(calls, undefined, { services: { desk: { ask: () => 1 } } })]));
`,
  });

  test('loads cano/node, the worker and what they share, and of Piscina its worker only; Comlink only for services', async () => {
    for (const entry of readdirSync(told.path('node_modules/cano/dist'), { recursive: true })) {
      const path = join(told.path('node_modules/cano/dist'), String(entry));
      if (path.endsWith('.js'))
        writeFileSync(
          path,
          readFileSync(path, 'utf8').replace(/^(#!.*\n)?/, '$1(globalThis.told ??= []).push(import.meta.url);'),
        );
    }
    const [without, withServices] = await told.json<[[string[], string[]], [string[], string[]]]>(['main.mjs']);
    const piscina = ['piscina/dist/common.js', 'piscina/dist/symbols.js', 'piscina/dist/worker.js'];
    assert.deepEqual(
      without[0].filter((path) => !/^cano\/dist\/src\/(node\.js|chunks\/chunk-\w+\.js|worker\/entry\.js)$/.test(path)),
      [],
    );
    assert.ok(without[0].includes('cano/dist/src/worker/entry.js'));
    for (const path of without[0]) {
      const text = readFileSync(join(told.path('node_modules'), path), 'utf8');
      // A chunk that brought in what threads do not need would show here.
      assert.doesNotMatch(
        text,
        /\/\/ src\/(dispatch|orchestrator|definition|store|scheduler|observe|server|cli|index)\b/,
        path,
      );
    }
    assert.deepEqual(without[1], piscina);
    assert.deepEqual(withServices, [without[0], ['comlink/dist/umd/comlink.js', ...piscina]]);
  });
});
