/**
 * Who may ask for what.
 *
 * G1 With a token, everything under /api asks for it. Without one, only requests to names of this machine, or names that were
 *    allowed, are answered: a page on the web that has its name resolved to 127.0.0.1 (DNS rebinding) sends its own name.
 * G2 What changes something is refused when a page of another origin sends it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { RequestProblem } from './problem.ts';

export interface GuardOptions {
  readonly token: string | undefined;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a name or address stands for this machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === '::1';
}

/** @throws RequestProblem when the request is refused */
export function guard(request: Request, isApi: boolean, { token, allowedHosts, allowedOrigins }: GuardOptions): void {
  const host = request.headers.get('host') ?? new URL(request.url).host;
  if (token === undefined || allowedHosts.length > 0) checkHost(host, allowedHosts);
  if (isApi && token !== undefined) checkToken(request.headers.get('authorization'), token);
  if (request.method !== 'GET' && request.method !== 'HEAD') checkOrigin(request.headers, host, allowedOrigins);
}

function checkHost(host: string, allowed: readonly string[]): void {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (isLoopback(name) || allowed.includes(name)) return;
  throw new RequestProblem(
    421,
    `requests to '${name}' are not answered here: use a name of this machine, such as 127.0.0.1, or add it to allowedHosts`,
  );
}

function checkToken(header: string | null, token: string): void {
  const [, given] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? [];
  // Digests have one length, and comparing them tells nothing of where the difference is.
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return;
  throw new RequestProblem(
    401,
    given === undefined ? "a token is needed: send 'Authorization: Bearer TOKEN'" : 'the token is not the right one',
    { 'www-authenticate': 'Bearer' },
  );
}

function checkOrigin(headers: Headers, host: string, allowed: readonly string[]): void {
  const origin = headers.get('origin');
  if (origin === null) {
    // Only browsers send it, and only they can be made to send what their user does not know of.
    if (headers.get('sec-fetch-site') !== 'cross-site') return;
  } else if (allowed.includes(origin) || hostOf(origin) === host) {
    return;
  }
  throw new RequestProblem(
    403,
    `a page of ${origin === null ? 'another site' : `'${origin}'`} may not change anything here: add its origin to allowedOrigins if it should`,
  );
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
