// Thread: worker
/**
 * Calls to main-thread services: Comlink over one native port per thread. A call to a side that is gone would wait for
 * ever in Comlink, so every call here races the closing of the port.
 */
import type { MessagePort } from 'node:worker_threads';
import { decodeError } from '../core/error-codec.ts';
import { messageOf, ServiceError } from '../core/errors.ts';
import { notCloneable } from '../wire/clone-check.ts';
import type { ServiceEndpoint } from '../wire/services.ts';
import { prepareForWire } from '../wire/transfer.ts';
import { named } from './named.ts';

/** The services of one lease. */
export interface Connection {
  /** An object whose properties are the services, and theirs the methods; nothing is looked up before the call. */
  readonly rpc: unknown;
  /** Closes the port when the calls under way have been answered: an exec need not have waited for them. */
  close(): void;
}

export async function connectServices(port: MessagePort): Promise<Connection> {
  // Loaded only by threads of engines that have services.
  const { wrap } = await import('comlink');
  // The method proxy is kept: making one per call costs more than the call.
  const call: ServiceEndpoint['call'] = wrap<ServiceEndpoint>(port).call;
  const pending = new Set<(error: ServiceError) => void>();
  let closing = false;
  let closed = false;
  port.on('close', () => {
    closed = true;
    for (const reject of pending)
      reject(new ServiceError('the main thread closed the channel before the service answered'));
    pending.clear();
  });

  const orClosed = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    let giveUp!: (error: ServiceError) => void;
    const isClosed = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
    });
    pending.add(giveUp);
    try {
      return await Promise.race([answer, isClosed]);
    } finally {
      pending.delete(giveUp);
      if (closing && pending.size === 0) port.close();
    }
  };

  const ask = async (service: string, method: string, args: unknown[]): ReturnType<ServiceEndpoint['call']> => {
    if (closed) throw new ServiceError(`cannot call ${service}.${method}: the channel to the main thread is closed`);
    try {
      return await orClosed(call(service, method, prepareForWire(args).value as unknown[]));
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if ((error as { name?: unknown } | null)?.name === 'DataCloneError') {
        throw notCloneable(`arguments of service ${service}.${method}`, args, error);
      }
      throw new ServiceError(`call of ${service}.${method} failed: ${messageOf(error)}`, { cause: error });
    }
  };

  const invoke = async (service: string, method: string, args: unknown[]): Promise<unknown> => {
    const answer = await ask(service, method, args);
    if ('error' in answer) throw decodeError(answer.error);
    return answer.value;
  };

  return {
    rpc: named((service) =>
      named(
        (method) =>
          (...args: unknown[]) =>
            invoke(service, method, args),
      ),
    ),
    close: () => {
      closing = true;
      if (pending.size === 0) port.close();
    },
  };
}
