// Thread: worker
/**
 * Calls to main-thread services: Comlink over one native port per thread. A call to a side that is gone would wait for
 * ever in Comlink, so every call here races the closing of the port.
 */
import type { MessagePort } from 'node:worker_threads';
import { wrap } from 'comlink';
import { decodeError } from '../core/error-codec.ts';
import { messageOf, ServiceError } from '../core/errors.ts';
import { findCulprit } from '../wire/clone-check.ts';
import type { ServiceEndpoint } from '../wire/services.ts';
import { named } from './named.ts';

/** An object whose properties are the services, and theirs the methods; nothing is looked up before the call. */
export function connectServices(port: MessagePort): unknown {
  // The method proxy is kept: making one per call costs more than the call.
  const call = wrap<ServiceEndpoint>(port as never).call;
  const pending = new Set<(error: ServiceError) => void>();
  let closed = false;
  port.on('close', () => {
    closed = true;
    for (const reject of pending) reject(new ServiceError('the main thread closed the channel before the service answered'));
    pending.clear();
  });

  const invoke = async (service: string, method: string, args: unknown[]): Promise<unknown> => {
    if (closed) throw new ServiceError(`cannot call ${service}.${method}: the channel to the main thread is closed`);
    return new Promise((resolve, reject) => {
      pending.add(reject);
      call(service, method, args)
        .then((answer) => ('error' in answer ? reject(decodeError(answer.error)) : resolve(answer.value)))
        .catch((error: unknown) => {
          const culprit = findCulprit(args);
          const why = culprit === undefined ? messageOf(error) : `argument ${culprit.path} cannot cross threads`;
          reject(new ServiceError(`call of ${service}.${method} failed: ${why}`, { cause: error }));
        })
        .finally(() => pending.delete(reject));
    });
  };

  return named((service) => named((method) => (...args: unknown[]) => invoke(service, method, args)));
}
