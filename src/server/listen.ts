/**
 * A socket for a handler, with limits that one client cannot use up for the others.
 *
 * S1 A connection that does not send its headers within 10 s, or its request within 30 s, is closed.
 * S2 Off loopback nothing listens without a token.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CanoError, InvalidOptionError } from '../index.ts';
import { isLoopback } from './guard.ts';
import type { Handler } from './handler.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 5_000;
/** How often connections are looked at. */
const CHECK_MS = 1_000;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
}

export interface Listening {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** Takes no more connections, lets requests under way end, and breaks off what is left after so many milliseconds. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Listens.
 *
 * @throws InvalidOptionError when host or port cannot be used, or a token is missing; CanoError `CANO_USAGE` when the
 *   address is taken or not there (as rejections)
 */
export async function listen(handler: Handler, { host, port, token }: ListenOptions): Promise<Listening> {
  if (typeof host !== 'string' || host === '') {
    throw new InvalidOptionError(`server.host must be a name or an address, got ${JSON.stringify(host)}`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidOptionError(`server.port must be an integer from 0 to 65535, got ${JSON.stringify(port)}`);
  }
  if (!isLoopback(host) && token === undefined) {
    throw new InvalidOptionError(
      `server.host is '${host}', which other machines can reach, so a token is needed: set server.token or CANO_TOKEN, or listen on 127.0.0.1`,
    );
  }
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    handler,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { address, family, port: taken } = server.address() as AddressInfo;
  const name = family === 'IPv6' ? `[${address}]` : address;
  return { url: `http://${name}:${taken}`, close: (timeoutMs) => close(server, timeoutMs) };
}

function close(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const remedy =
    error.code === 'EADDRINUSE'
      ? `port ${port} of ${host} is taken by another process: choose another one (--port), or 0 for any that is free`
      : error.code === 'EACCES'
        ? `port ${port} of ${host} may not be used by this user: choose one above 1023 (--port)`
        : `cannot listen on port ${port} of ${host}: ${error.message}`;
  return new CanoError('CANO_USAGE', remedy, { cause: error });
}
