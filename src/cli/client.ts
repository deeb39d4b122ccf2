/** Asks a server that `cano serve` runs. */
import { CanoError } from '../index.ts';
import { runningServers } from './running-servers.ts';
import { usageError } from './usage.ts';

const DEFAULT_URL = 'http://127.0.0.1:9464';
const TIMEOUT_MS = 30_000;

type Env = Readonly<Record<string, string | undefined>>;

/** The server said no, or there is none: exit code 1. */
export class ServerError extends CanoError {
  constructor(message: string, cause?: unknown) {
    super('CANO_USAGE', message, cause === undefined ? {} : { cause });
  }
}

export class Client {
  readonly url: string;
  readonly #token: string | undefined;

  /** @throws CanoError `CANO_USAGE` when it is not clear which server is meant */
  constructor(given: { readonly url: string | undefined; readonly token: string | undefined }, env: Env) {
    this.url = (given.url ?? env['CANO_URL'] ?? found(env)).replace(/\/+$/, '');
    if (!URL.canParse(this.url) || !/^https?:/.test(this.url)) {
      throw usageError(`--url must be an address such as ${DEFAULT_URL}, got '${this.url}'`);
    }
    this.#token = given.token ?? env['CANO_TOKEN'];
  }

  get(path: string): Promise<unknown> {
    return this.#ask('GET', path, undefined);
  }

  post(path: string, body: unknown = {}): Promise<unknown> {
    return this.#ask('POST', path, body);
  }

  async #ask(method: string, path: string, body: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(this.#token === undefined || this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new ServerError(
        `${this.url} does not answer (${reasonOf(error)}): start one with 'cano serve CONFIG', or name one with --url`,
        error,
      );
    }
    const text = await response.text();
    const answer = parsed(text);
    if (response.ok && answer !== undefined) return answer;
    const { detail } = (answer ?? {}) as { readonly detail?: string };
    const token = response.status === 401 ? ' (--token, or CANO_TOKEN)' : '';
    throw new ServerError(
      `${detail ?? `${this.url} is no cano server: it answered ${response.status} ${response.statusText}`}${token}`,
    );
  }
}

function found(env: Env): string {
  const servers = runningServers(env);
  const [only] = servers;
  if (servers.length <= 1) return only?.url ?? DEFAULT_URL;
  const list = servers.map(({ url, config }) => `${url} (${config})`).join(', ');
  throw usageError(`${servers.length} servers run here: ${list}`, 'say with --url which one is meant');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { cause, name } = error as { readonly cause?: { readonly code?: string }; readonly name: string };
  return cause?.code ?? name;
}
