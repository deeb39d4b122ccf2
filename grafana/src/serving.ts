/** A real `cano serve` of the example, under load. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm run serve` starts, on a port of its own. */
export class Serving {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #scratch: string;
  readonly #ended: Promise<void>;

  private constructor(url: string, child: ChildProcess, scratch: string, ended: Promise<void>) {
    this.url = url;
    this.#child = child;
    this.#scratch = scratch;
    this.#ended = ended;
  }

  /** @param env such as CANO_THREADS */
  static async start(env: Readonly<Record<string, string>> = {}, port = 0): Promise<Serving> {
    // Its notes, and what its runs write.
    const scratch = mkdtempSync(join(tmpdir(), 'cano-example-'));
    const child = spawn(
      process.execPath,
      [
        '--import',
        import.meta.resolve('tsx'),
        join(root, 'src/cli/main.ts'),
        'serve',
        join(root, 'examples/scheduled/cano.config.ts'),
        '--port',
        String(port),
      ],
      {
        cwd: scratch,
        env: { ...process.env, XDG_RUNTIME_DIR: scratch, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    let log = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-4_000);
        const [, found] = /serving \S+ at (http:\S+)/.exec(log) ?? [];
        if (found !== undefined) resolve(found);
      });
      void ended.then(() => reject(new Error(`cano serve ended: ${log}`)));
    });
    return new Serving(url, child, scratch, ended);
  }

  get target(): string {
    return new URL(this.url).host;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }

  /** Triggers a schedule, and waits for the end of its run. */
  trigger(schedule: string, inputs?: object): Promise<void> {
    return this.#run(`/api/schedules/${schedule}/trigger`, inputs === undefined ? {} : { inputs });
  }

  /** Runs a pipeline, and waits for its end. */
  run(workflow: string, inputs: object): Promise<void> {
    return this.#run(`/api/workflows/${workflow}/runs`, { inputs });
  }

  async #run(path: string, body: object): Promise<void> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { id } = (await response.json()) as { id?: string };
    if (id === undefined) throw new Error(`${path} was answered with ${response.status}`);
    for (;;) {
      const { status } = (await (await fetch(`${this.url}/api/runs/${id}`)).json()) as { status: string };
      if (status !== 'pending' && status !== 'running' && status !== 'waiting') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Drains. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    await this.#ended;
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
