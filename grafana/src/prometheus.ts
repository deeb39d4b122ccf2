/** A real Prometheus: found, started on loopback, asked over HTTP. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GRAFANA } from './model.ts';

const START_LIMIT_MS = 20_000;

export interface Binaries {
  readonly prometheus: string;
  readonly promtool: string;
}

/** How to get what `findPrometheus` does not find. */
export const HOW_TO_GET =
  'prometheus and promtool are neither on the PATH nor unpacked: `node .ci/prometheus.mjs` unpacks those of Debian';

/** Those on the PATH, or those that `.ci/prometheus.mjs` has unpacked. */
export function findPrometheus(): Binaries | undefined {
  const unpacked = fileURLToPath(new URL('../../.prometheus', import.meta.url));
  for (const folder of [unpacked, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const found = { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
    if (isExecutable(found.prometheus) && isExecutable(found.promtool)) return found;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

export interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

export interface PrometheusOptions {
  readonly binaries: Binaries;
  /** `host:port` of what is scraped. */
  readonly target: string;
  /** Instead of those of prometheus.yml. */
  readonly scrapeInterval?: string | undefined;
}

/** A Prometheus of the provisioned configuration, with another target. */
export class Prometheus {
  readonly #url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<void>;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.#url = url;
    this.#child = child;
    this.#folder = folder;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
  }

  static async start({ binaries, target, scrapeInterval }: PrometheusOptions): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'cano-prometheus-'));
    mkdirSync(join(folder, 'rules'));
    for (const file of readdirSync(join(GRAFANA, 'prometheus/rules'))) {
      const rules = readFileSync(join(GRAFANA, 'prometheus/rules', file), 'utf8');
      // A group with an interval of its own would wait that long for its first evaluation.
      const sooner =
        scrapeInterval === undefined ? rules : rules.replace(/^( +interval:) \S+$/m, `$1 ${scrapeInterval}`);
      writeFileSync(join(folder, 'rules', file), sooner);
    }
    const given = readFileSync(join(GRAFANA, 'prometheus/prometheus.yml'), 'utf8');
    writeFileSync(join(folder, 'prometheus.yml'), configured(given, target, scrapeInterval));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      binaries.prometheus,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)));
    const started = new Prometheus(`http://${address}`, child, folder);
    try {
      await started.#until('ready', () =>
        fetch(`${started.#url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      // What is counted before the first scrape has not grown, as Prometheus sees it.
      const scraped = async (): Promise<boolean> => (await started.query('up == 1', Date.now() / 1_000)).length > 0;
      await started.#until('able to scrape its target', scraped);
    } catch (error) {
      await started.stop();
      throw new Error(`prometheus did not start: ${log}`, { cause: error });
    }
    return started;
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MS;
    while (!(await isSo())) {
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}`);
      if (Date.now() > deadline) throw new Error(`it was not ${what} after ${START_LIMIT_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** @throws Error with what Prometheus says of the expression */
  async query(expr: string, at: number): Promise<readonly Sample[]> {
    const { result } = (await this.#ask('query', { query: expr, time: String(at) })) as {
      result: readonly { metric: Sample['metric']; value: readonly [number, string] }[];
    };
    return result.map(({ metric, value }) => ({ metric, values: [value] }));
  }

  /** Times in seconds since 1970. */
  async queryRange(expr: string, from: number, to: number, step: number): Promise<readonly Sample[]> {
    const range = { query: expr, start: String(from), end: String(to), step: String(step) };
    return ((await this.#ask('query_range', range)) as { result: readonly Sample[] }).result;
  }

  /** Values of a label in series that match. */
  async labelValues(label: string, match: string): Promise<readonly string[]> {
    return (await this.#ask(`label/${label}/values`, { 'match[]': match })) as readonly string[];
  }

  async rules(): Promise<readonly RuleState[]> {
    const { groups } = (await this.#ask('rules', {})) as { groups: readonly { rules: readonly RuleState[] }[] };
    return groups.flatMap(({ rules }) => rules);
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as { status: string; error?: string; data?: unknown };
    if (answer.status !== 'success') throw new Error(answer.error ?? `status ${response.status}`);
    return answer.data;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @throws Error when the configuration is not what is replaced here */
function configured(given: string, target: string, scrapeInterval: string | undefined): string {
  const replaced: readonly (readonly [RegExp, string])[] = [
    [/localhost:9464/, target],
    ...(scrapeInterval === undefined
      ? []
      : ([
          [/scrape_interval: \S+/, `scrape_interval: ${scrapeInterval}`],
          [/scrape_timeout: \S+/, `scrape_timeout: ${scrapeInterval}`],
          [/evaluation_interval: \S+/, `evaluation_interval: ${scrapeInterval}`],
        ] as const)),
  ];
  let text = given;
  for (const [pattern, by] of replaced) {
    if (!pattern.test(text)) throw new Error(`prometheus.yml has no ${pattern.source}`);
    text = text.replace(pattern, by);
  }
  return text;
}

/** Prometheus does not tell which port it took when it is given 0. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
