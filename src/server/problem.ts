/** What goes wrong, as an answer: RFC 9457, "Problem Details for HTTP APIs". */
import { isCanoError, type ErrorCode } from '../index.ts';

/** A request that is answered with a problem. */
export class RequestProblem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = 'RequestProblem';
    this.status = status;
    this.headers = headers;
  }
}

const STATUS_OF: { readonly [Code in ErrorCode]?: number } = {
  CANO_USAGE: 400,
  CANO_INVALID_OPTION: 400,
  CANO_UNKNOWN_SCHEDULE: 404,
  CANO_SCHEDULE_BUSY: 409,
  CANO_SCHEDULE_TRIPPED: 409,
  CANO_QUEUE_FULL: 429,
  CANO_ENGINE_CLOSED: 503,
  CANO_SCHEDULER_STOPPED: 503,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The answer to an error; undefined for one that nobody has foreseen. */
export function problemOf(error: unknown): Response | undefined {
  if (error instanceof RequestProblem) return problem(error.status, error.message, undefined, error.headers);
  if (!isCanoError(error)) return undefined;
  const status = STATUS_OF[error.code];
  if (status === undefined) return undefined;
  return problem(status, error.message, error.code, status === 429 || status === 503 ? { 'retry-after': '1' } : {});
}

export function problem(
  status: number,
  detail: string,
  code?: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const title = TITLES[status] ?? 'Error';
  const body = { type: 'about:blank', title, status, detail, ...(code === undefined ? {} : { code }) };
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}
