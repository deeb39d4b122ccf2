// Thread: worker
import { ServiceError } from '../core/errors.ts';

/** Stands in for `ctx.rpc` when the engine has no services. */
export const noServices: unknown = named((service) => {
  throw new ServiceError(`ctx.rpc.${service}: this engine has no services; pass them to createEngine({ services })`);
});

/** An object that makes its properties on demand. `then` is left out: an awaited proxy would be taken for a promise. */
export function named(make: (name: string) => unknown): unknown {
  const made = new Map<string, unknown>();
  return new Proxy(Object.create(null) as object, {
    get: (_target, name) => {
      if (typeof name !== 'string' || name === 'then') return undefined;
      if (!made.has(name)) made.set(name, make(name));
      return made.get(name);
    },
  });
}
