/** The OpenAPI document of a list of routes. Pure. */
import type { TSchema } from 'typebox';
import type { AnswerInfo, RouteInfo } from './route.ts';
import { Problem } from './schemas.ts';

/** An OpenAPI 3.1 document: its schemas are JSON Schema as they are. */
export function openApiOf(routes: readonly RouteInfo[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, summary, query, body, answers } of routes) {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
    const template = path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[template] ??= {})[method] = {
      summary,
      operationId: `${method}${template.replaceAll(/[^A-Za-z]+(\w)?/g, (_all, letter: string | undefined) => letter?.toUpperCase() ?? '')}`,
      parameters: [...names.map(inPath), ...inQuery(query)],
      ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: body } } } }),
      responses: {
        ...Object.fromEntries(Object.entries(answers).map(([status, info]) => [status, answer(info)])),
        default: answer({ description: 'a problem', type: 'application/problem+json', schema: Problem }),
      },
      ...(path.startsWith('/api') ? { security: [{ token: [] }, {}] } : {}),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'cano', version, description: 'Workflows, runs and schedules of one process.' },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function inPath(name: string): unknown {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}

function inQuery(query: TSchema | undefined): unknown[] {
  const { properties = {}, required = [] } = (query ?? {}) as {
    readonly properties?: Readonly<Record<string, TSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function answer({ description, type, schema }: AnswerInfo): unknown {
  const media = type ?? (schema === undefined ? undefined : 'application/json');
  return {
    description,
    ...(media === undefined ? {} : { content: { [media]: schema === undefined ? {} : { schema } } }),
  };
}
