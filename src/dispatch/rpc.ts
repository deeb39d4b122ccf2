// Thread: main
/** The main-thread end of `ctx.rpc`: services exposed to one thread over one native port. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { encodeError } from '../core/error-codec.ts';
import { describeValue, ServiceError } from '../core/errors.ts';
import { notCloneable } from '../wire/clone-check.ts';
import type { ServiceEndpoint } from '../wire/services.ts';
import { prepareForWire } from '../wire/transfer.ts';

/** Services by name, each with its methods. */
export type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Opens a channel to the services: `near` stays here and keeps no process alive, `far` goes to the thread. */
export function openServices(services: object): { readonly near: MessagePort; readonly far: MessagePort } {
  const { port1: near, port2: far } = new MessageChannel();
  const endpoint: ServiceEndpoint = {
    call: async (service, method, args) => {
      try {
        const value = await callService(services as Services, service, method, args);
        return { value: cloneable(`${service}.${method}`, value) };
      } catch (error) {
        return { error: encodeError(error) };
      }
    },
  };
  void serve(endpoint, near);
  return { near, far };
}

// Until Comlink is there the port keeps what arrives.
async function serve(endpoint: ServiceEndpoint, near: MessagePort): Promise<void> {
  const comlink = await import('comlink');
  comlink.expose(endpoint, near);
  near.unref();
}

/**
 * Calls a method of a service.
 *
 * @throws ServiceError when there is no such service or method; else what the method throws
 */
export async function callService(
  services: Services,
  service: string,
  method: string,
  args: unknown[],
): Promise<unknown> {
  const target = Object.hasOwn(services, service) ? services[service] : undefined;
  if (target === undefined || target === null) {
    throw new ServiceError(
      `ctx.rpc.${service}: the engine has no service of that name (it has ${Object.keys(services).join(', ') || 'none'})`,
    );
  }
  const found = target[method];
  if (typeof found !== 'function') {
    throw new ServiceError(`ctx.rpc.${service}.${method}: that is ${describeValue(found)}, not a method`);
  }
  return (await Reflect.apply(found, target, args)) as unknown;
}

// Comlink would answer with an error that names no culprit.
function cloneable(what: string, value: unknown): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  const prepared = prepareForWire(value).value;
  try {
    structuredClone(prepared);
  } catch (error) {
    throw notCloneable(`result of service ${what}`, value, error);
  }
  return prepared;
}
