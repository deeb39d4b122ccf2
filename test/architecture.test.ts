/**
 * The layers of src, as data, and the rules that hold them: the executable half of ARCHITECTURE.md.
 *
 * Each rule is a function over files given as text, so the second half of this file can show that it fails when it must.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  graphOf,
  importsOfWorker,
  layerViolations,
  loadedFrom,
  longFiles,
  missingFiles,
  nodeFileViolations,
  packageViolations,
  readSources,
  runtimeCycles,
  threadLineViolations,
  type LayerTable,
  type PackageTable,
} from './support/architecture.ts';

/** What each folder of src may import besides itself. A folder that is not here is a violation. */
const layers: LayerTable = {
  core: { thread: 'both', runtime: [], builtins: false },
  'node.ts': { thread: 'both', runtime: ['core'], builtins: false },
  wire: { thread: 'both', runtime: ['core'], builtins: true },
  worker: { thread: 'worker', runtime: ['core', 'wire', 'node.ts'], builtins: true },
  definition: { thread: 'main', runtime: ['core'], types: ['node.ts', 'orchestrator', 'store'], builtins: true },
  // node.ts: the inline dispatcher runs what defineExec has registered.
  dispatch: { thread: 'main', runtime: ['core', 'definition', 'node.ts', 'wire'], builtins: true },
  resilience: { thread: 'main', runtime: ['core'], builtins: true },
  store: { thread: 'main', runtime: ['core', 'wire'], builtins: true },
  orchestrator: {
    thread: 'main',
    // observe/trace/trace.ts: engine.trace() is how people ask for a recording, and it is a listener like any other.
    runtime: ['core', 'definition', 'dispatch', 'observe/trace/trace.ts', 'resilience', 'store', 'wire'],
    types: ['node.ts'],
    builtins: true,
  },
  // What a scheduler starts with when it is told nothing else: the process-wide engine, the machine's clock, an empty store.
  scheduler: {
    thread: 'main',
    runtime: ['core', 'orchestrator/default-engine.ts', 'orchestrator/ports.ts', 'store/memory-store.ts'],
    types: ['definition', 'orchestrator', 'store'],
    builtins: true,
  },
  observe: { thread: 'main', runtime: ['core'], builtins: true },
  // The client library is its user's, so it imports none.
  'prometheus.ts': {
    thread: 'main',
    runtime: ['core', 'definition/outline.ts', 'observe'],
    types: ['definition', 'orchestrator', 'scheduler'],
    builtins: true,
  },
  server: { thread: 'main', runtime: ['index.ts', 'observe', 'prometheus.ts', 'core/duration.ts'], builtins: true },
  cluster: { thread: 'main', runtime: ['index.ts'], builtins: true },
  cli: {
    thread: 'main',
    // node.ts, wire: the bare loop of cano bench calls what defineExec has registered, and keeps what it was given.
    runtime: [
      'index.ts',
      'node.ts',
      'core/duration.ts',
      'core/thenable.ts',
      'observe',
      'prometheus.ts',
      'server/index.ts',
      'wire/load-module.ts',
      'wire/transfer.ts',
    ],
    builtins: true,
  },
  'index.ts': {
    thread: 'main',
    runtime: [
      'core',
      'definition',
      'dispatch',
      'node.ts',
      'observe',
      'orchestrator',
      'resilience',
      'scheduler',
      'store',
      'wire',
    ],
    builtins: true,
  },
};

/** Which files know which package. */
const packages: PackageTable = {
  piscina: { runtime: /^src\/dispatch\/pool(-[a-z-]+)?\.ts$/, types: /^src\/dispatch\// },
  comlink: { runtime: /^src\/(dispatch|worker)\/rpc(-[a-z-]+)?\.ts$/ },
  // For cano's own sources only; tsc leaves the file out of dist.
  tsx: { runtime: /^src\/worker\/boot\.mjs$/ },
  croner: { runtime: /^src\/scheduler\// },
  'prom-client': { runtime: /^src\/(server\/metrics|cli\/metrics-port)\.ts$/ },
  hono: { runtime: /^src\/server\/handler\.ts$/ },
  '@hono/node-server': { runtime: /^src\/server\/handler\.ts$/ },
  typebox: { runtime: /^src\/server\// },
  pino: { runtime: /^src\/cli\/serve\.ts$/ },
};

/** The folders where code of two threads meets: there, each file names its thread in the first line. */
const seam = ['core', 'wire', 'dispatch', 'worker'];

/**
 * What a thread loads before it can execute anything: its start-up time, paid by every thread. A new line here is a
 * decision. The failure message prints the list to paste.
 */
const loadedByAThread = {
  entry: 'src/worker/entry.ts',
  files: [
    'src/core/clock.ts',
    'src/core/counter.ts',
    'src/core/duration.ts',
    'src/core/error-codec.ts',
    'src/core/errors.ts',
    'src/core/log.ts',
    'src/core/shared.ts',
    'src/core/snapshot.ts',
    'src/core/thenable.ts',
    'src/node.ts',
    'src/wire/clone-check.ts',
    'src/wire/load-module.ts',
    'src/wire/log-switch.ts',
    'src/wire/shared-image.ts',
    'src/wire/slots.ts',
    'src/wire/transfer.ts',
    'src/worker/context.ts',
    'src/worker/entry.ts',
    'src/worker/execute.ts',
    'src/worker/items.ts',
    'src/worker/log-fields.ts',
    'src/worker/named.ts',
    'src/worker/notes.ts',
    'src/worker/outbox.ts',
    'src/worker/resources.ts',
    'src/worker/rpc.ts',
    'src/worker/shared-values.ts',
    'src/worker/vitals.ts',
  ],
  // On demand: only when the engine has services.
  packages: ['comlink'],
};

/** What the file of a user's exec loads through `cano/node`. */
const loadedByAnExec = {
  entry: 'src/node.ts',
  files: ['src/core/duration.ts', 'src/core/errors.ts', 'src/core/shared.ts', 'src/node.ts'],
  packages: [],
};

const graph = graphOf(readSources(fileURLToPath(new URL('..', import.meta.url)), ['src', 'nodes']));

const assertNone = (violations: readonly string[]): void => assert.equal(violations.join('\n'), '');

describe('architecture', () => {
  it('reads the sources', () => {
    assert.ok(graph.size > 10, `only ${graph.size} files found`);
  });

  it('imports only what the layer table allows', () => assertNone(layerViolations(graph, layers)));

  it('imports packages only where they belong', () => assertNone(packageViolations(graph, packages)));

  it('imports only files that exist', () => assertNone(missingFiles(graph)));

  it('reaches worker/ by URL only', () => assertNone(importsOfWorker(graph)));

  it('has ready-made nodes that a user could have written', () => assertNone(nodeFileViolations(graph)));

  it('has no cycle of runtime imports', () => assertNone(runtimeCycles(graph)));

  it('names the thread of each file at the seam', () => assertNone(threadLineViolations(graph, layers, seam)));

  it('has no file of more than 300 lines of code', () => assertNone(longFiles(graph, 300)));

  for (const { entry, ...expected } of [loadedByAThread, loadedByAnExec]) {
    it(`loads a known list of modules from ${entry}`, () => {
      assert.ok(graph.has(entry), `there is no ${entry}`);
      const actual = loadedFrom(graph, entry);
      assert.deepEqual(actual, expected, `${entry} now loads ${JSON.stringify(actual, undefined, 2)}`);
    });
  }

  it('has files that load by themselves, in any order', async () => {
    // Also what lets the coverage report see a file of types only, which nothing loads: it would count as uncovered.
    const loadable = [...graph.keys()].filter((path) => /^src\/(?!worker\/|cli\/)/.test(path));
    for (const path of loadable) await import(new URL(`../${path}`, import.meta.url).href);
  });

  it('never loads the scheduler, metrics or the pool in a thread', () => {
    for (const { entry } of [loadedByAThread, loadedByAnExec]) {
      const loaded = new Set(loadedFrom(graph, entry).packages);
      for (const forbidden of ['piscina', 'croner', 'prom-client']) assert.ok(!loaded.has(forbidden), forbidden);
    }
  });
});

describe('architecture rules', () => {
  it('see every form of import', () => {
    const source = [
      "import './effect.ts';",
      "import { a } from './value.ts';",
      "import { type B } from './emptied.ts';",
      "import type { C } from './types.ts';",
      "export { d } from './export.ts';",
      "export type { E } from './export-types.ts';",
      "export * from './all.ts';",
      "const f = await import('./dynamic.ts');",
      'const g = await import(url);',
      "type H = import('./type-query.ts').H;",
      "// import './comment.ts';",
      "const text = `import './text.ts'`;",
      "import fs from 'fs';",
      "import scoped from '@scope/name/deep';",
    ].join('\n');
    const imports = graphOf({ 'src/core/a.ts': source }).get('src/core/a.ts')?.imports ?? [];
    const seen = imports.map(({ kind, target }) => `${kind} ${target.type === 'file' ? target.path : target.name}`);
    assert.deepEqual(seen, [
      'runtime src/core/effect.ts',
      'runtime src/core/value.ts',
      'runtime src/core/emptied.ts',
      'type src/core/types.ts',
      'runtime src/core/export.ts',
      'type src/core/export-types.ts',
      'runtime src/core/all.ts',
      'runtime src/core/dynamic.ts',
      'type src/core/type-query.ts',
      'runtime fs',
      'runtime @scope/name',
    ]);
  });

  it('report a layer that imports upwards', () => {
    const files = graphOf({
      'src/core/a.ts': "import { b } from '../wire/b.ts';\nimport 'node:fs';",
      'src/node.ts': "import type { x } from './definition/x.ts';",
      'src/cli/ok.ts': "import '../wire/load-module.ts';",
      'src/cli/main.ts': "\nimport '../wire/other.ts';",
      'src/nodes/a.ts': "import '../core/a.ts';",
      'src/index.ts': "import '../bench/a.ts';",
    });
    assert.deepEqual(layerViolations(files, layers), [
      'src/core/a.ts:1: core may import nothing from src/wire/b.ts',
      'src/core/a.ts:2: core may not import node:fs',
      'src/node.ts:1: node.ts may import nothing from src/definition/x.ts',
      'src/cli/main.ts:2: cli may import nothing from src/wire/other.ts',
      'src/nodes/a.ts: nodes has no row in the layer table',
      'src/index.ts:1: bench/a.ts is outside src',
    ]);
  });

  it('tell types from values', () => {
    const files = graphOf({
      'src/definition/a.ts': "import type { Exec } from '../node.ts';",
      'src/definition/b.ts': "import { defineExec } from '../node.ts';",
    });
    assert.deepEqual(layerViolations(files, layers), [
      'src/definition/b.ts:1: definition may import only types from src/node.ts',
    ]);
  });

  it('report a package outside its files', () => {
    const files = graphOf({
      'src/dispatch/pool.ts': "import { Piscina } from 'piscina';",
      'src/dispatch/lease.ts': "import type { Piscina } from 'piscina';\nimport * as comlink from 'comlink';",
      'src/dispatch/slots.ts': "import { Piscina } from 'piscina';",
      'src/worker/rpc.ts': "import * as comlink from 'comlink';",
      'src/core/a.ts': "import type { x } from 'lodash';",
      'src/worker/entry.ts': "await import('prom-client');",
    });
    assert.deepEqual(packageViolations(files, packages), [
      'src/dispatch/lease.ts:2: comlink may not be imported here',
      'src/dispatch/slots.ts:1: piscina may not be imported here',
      'src/core/a.ts:1: lodash may not be imported here',
      'src/worker/entry.ts:1: prom-client may not be imported here',
    ]);
  });

  it('report a missing file and an import of the worker', () => {
    const files = graphOf({
      'src/worker/entry.ts': '',
      'src/worker/execute.ts': "import './entry.ts';",
      'src/dispatch/pool.ts': "import type { x } from '../worker/entry.ts';\nimport '../core/run.js';",
    });
    assert.deepEqual(missingFiles(files), ['src/dispatch/pool.ts:2: there is no src/core/run.js']);
    assert.deepEqual(importsOfWorker(files), ['src/dispatch/pool.ts:1: src/worker/entry.ts is reached by URL only']);
  });

  it('report a ready-made node with privileges', () => {
    const files = graphOf({
      'nodes/ok.ts': "import { defineExec } from '../src/node.ts';\nimport './hash.ts';\nimport 'node:crypto';",
      'nodes/bad.ts': "import '../src/index.ts';\nimport 'node:worker_threads';\nimport 'comlink';",
    });
    assert.deepEqual(nodeFileViolations(files), [
      'nodes/bad.ts:1: a ready-made node may not import src/index.ts',
      'nodes/bad.ts:2: a ready-made node may not import node:worker_threads',
      'nodes/bad.ts:3: a ready-made node may not import comlink',
    ]);
  });

  it('report a cycle, and not one of types', () => {
    const files = graphOf({
      'src/core/a.ts': "import './b.ts';",
      'src/core/b.ts': "export * from './c.ts';",
      'src/core/c.ts': "await import('./b.ts');\nimport type { a } from './a.ts';",
    });
    assert.deepEqual(runtimeCycles(files), ['src/core/b.ts → src/core/c.ts → src/core/b.ts']);
  });

  it('report a missing or wrong thread line', () => {
    const files = graphOf({
      'src/core/a.ts': '// Thread: both\n',
      'src/worker/a.ts': '// Thread: main\n',
      'src/dispatch/a.ts': '/** */\n',
      'src/store/a.ts': '/** */\n',
      'src/store/b.ts': '// Thread: worker\n',
    });
    assert.deepEqual(threadLineViolations(files, layers, seam), [
      'src/worker/a.ts:1: the first line must be "// Thread: worker", not "// Thread: main"',
      'src/dispatch/a.ts:1: the first line must be "// Thread: main", not "/** */"',
      'src/store/b.ts:1: the first line must be "// Thread: main", not "// Thread: worker"',
    ]);
  });

  it('count code, not blank lines and comments', () => {
    const source = ['/**', ' * text', ' */', '', 'const a = 1; // why', '// note', 'const b = `', '// inside`;'].join(
      '\n',
    );
    assert.deepEqual(longFiles(graphOf({ 'src/core/a.ts': source }), 3), []);
    assert.deepEqual(longFiles(graphOf({ 'src/core/a.ts': source }), 2), [
      'src/core/a.ts: 3 lines of code, more than 2',
    ]);
  });

  it('follow what a file loads, types left out', () => {
    const files = graphOf({
      'src/worker/entry.ts': "import './a.ts';\nimport type { t } from './t.ts';",
      'src/worker/a.ts': "await import('../wire/b.ts');\nimport 'comlink';",
      'src/wire/b.ts': "import '../worker/a.ts';",
    });
    assert.deepEqual(loadedFrom(files, 'src/worker/entry.ts'), {
      files: ['src/wire/b.ts', 'src/worker/a.ts', 'src/worker/entry.ts'],
      packages: ['comlink'],
    });
  });
});
