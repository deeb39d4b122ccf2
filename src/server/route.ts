/** Routes as data: what a request must look like, what is answered, and who does it. */
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { RequestProblem } from './problem.ts';

/** A request that has passed its schemas. */
export interface Asked<Query = unknown, Body = unknown> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

/** What is answered: JSON, or a response as it is. */
export type Answer =
  | Response
  | { readonly status?: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

export interface AnswerInfo {
  readonly description: string;
  /** Media type; JSON when a schema is given. */
  readonly type?: string;
  readonly schema?: TSchema;
}

export interface RouteInfo {
  readonly method: 'get' | 'post';
  /** `:name` stands for a part of the path. */
  readonly path: string;
  readonly summary: string;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly answers: Readonly<Record<number, AnswerInfo>>;
}

export interface Route extends RouteInfo {
  /** @throws RequestProblem, CanoError */
  handle(request: Request, params: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Makes a route whose handler gets what its schemas say. */
export function route<const Query extends TSchema, const Body extends TSchema>(
  info: Omit<RouteInfo, 'query' | 'body'> & { readonly query?: Query; readonly body?: Body },
  handle: (asked: Asked<Static<Query>, Static<Body>>) => Answer | Promise<Answer>,
): Route {
  const query = info.query === undefined ? undefined : Compile(info.query);
  const body = info.body === undefined ? undefined : Compile(info.body);
  return {
    ...info,
    handle: async (request, params) =>
      handle({
        params,
        query: checked(query, queryOf(request, query), 'query') as Static<Query>,
        body:
          body === undefined
            ? (undefined as Static<Body>)
            : (checked(body, await bodyOf(request), 'body') as Static<Body>),
        headers: request.headers,
        signal: request.signal,
      }),
  };
}

function queryOf(request: Request, query: Validator | undefined): unknown {
  const given = Object.fromEntries(new URL(request.url).searchParams);
  // All that stands in a URL is text.
  return query === undefined ? given : query.Convert(given);
}

async function bodyOf(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text.trim() === '') return {};
  const type = request.headers.get('content-type') ?? '';
  // A form of a page on the web can send anything but this without being asked for it first.
  if (!/^application\/json\b/i.test(type)) {
    throw new RequestProblem(415, `the body must be JSON, with 'content-type: application/json', got '${type}'`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new RequestProblem(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

function checked(validator: Validator | undefined, value: unknown, what: string): unknown {
  if (validator === undefined || validator.Check(value)) return value;
  const [first] = validator.Errors(value);
  const path = first?.instancePath.replaceAll('/', '.') ?? '';
  throw new RequestProblem(400, `${what}${path}: ${first?.message ?? 'is not what is expected'}`);
}
