// Thread: worker
/**
 * Where a thread begins: Piscina imports this file and calls its default export once per lease. The call stays pending
 * for the life of the lease, so Piscina never puts the thread to sleep between executions.
 *
 * E1 The first message of a lease is `hello`.
 * E2 When user code ends the thread, what was finished is sent before it dies, together with who can have done it.
 */
import { isMainThread, threadId, type MessagePort } from 'node:worker_threads';
import { encodeError } from '../core/error-codec.ts';
import { WrongThreadError } from '../core/errors.ts';
import type { Dying, FromThread, LeaseStart, ToThread } from '../wire/messages.ts';
import { LogSwitch } from '../wire/log-switch.ts';
import { SlotTable } from '../wire/slots.ts';
import { Executor } from './execute.ts';
import type { Present } from './items.ts';
import { noServices } from './named.ts';
import { tearDownAll } from './resources.ts';
import { connectServices } from './rpc.ts';
import { holdShared, letGo, retainShared } from './shared-values.ts';

if (isMainThread)
  throw new WrongThreadError('src/worker/entry.ts runs on the threads of an engine only; import cano instead');

// Seen by cano's index, which must not be loaded here.
(globalThis as { [key: symbol]: unknown })[Symbol.for('cano.thread')] = true;

const present: Present = { inside: false, executed: 0, calls: 0 };
let onDeath: ((reason: Dying[1], error: unknown) => void) | undefined;

process.on('uncaughtExceptionMonitor', (error) => {
  // A listener of the user's keeps the thread alive.
  if (process.listenerCount('uncaughtException') === 0) onDeath?.('uncaught_error', error);
});
process.on('exit', (code) => onDeath?.('exit', new Error(`worker exited with code: ${code}`)));

/** Serves one lease until its `end` message. */
export default async function lease({
  port: channel,
  slots,
  logs,
  shared,
  sharedLimit,
  rpc,
}: LeaseStart): Promise<void> {
  const port = channel as MessagePort;
  const post = (batch: readonly FromThread[]): void => port.postMessage(batch);
  const services = rpc === undefined ? undefined : await connectServices(rpc as MessagePort);
  const executor = new Executor(post, new SlotTable(slots), new LogSwitch(logs), services?.rpc ?? noServices, present);
  const executedBefore = present.executed;
  retainShared(shared, sharedLimit);

  await new Promise<void>((end) => {
    onDeath = (reason, error) => {
      onDeath = undefined;
      executor.flush();
      // Certain when the code is on the stack, or when no other call can have left anything behind.
      const certain = present.inside || present.calls <= 1;
      post([['dying', reason, certain, error === undefined ? undefined : encodeError(error)]]);
    };
    port.on('message', (batch: readonly ToThread[]) => {
      for (const message of batch) {
        if (message[0] === 'end') {
          onDeath = undefined;
          port.close();
          services?.close();
          end();
          return;
        }
        receive(message, executor, post);
      }
      executor.run();
    });
    port.on('messageerror', (error) => {
      throw error;
    });
    post([['hello', threadId, executedBefore]]);
  });
}

function receive(
  message: Exclude<ToThread, readonly ['end']>,
  executor: Executor,
  post: (batch: readonly FromThread[]) => void,
): void {
  switch (message[0]) {
    case 'define':
      executor.define(message);
      break;
    case 'share':
      holdShared(message[1], message[2]);
      break;
    case 'unshare':
      letGo(message[1]);
      break;
    case 'common':
      executor.setCommon(message);
      break;
    case 'drop':
      executor.dropCommon(message[1]);
      break;
    case 'execute':
      executor.enqueue(message);
      break;
    case 'call': {
      const [, slot, generation, exec, runId, visit, common, index, attempt, item, shared] = message;
      executor.enqueue(['execute', slot, generation, exec, runId, visit, common, index, attempt, [item], shared]);
      break;
    }
    case 'cancel':
      executor.cancel(message[1], message[2]);
      break;
    case 'retire':
      void executor
        .idle()
        .then(tearDownAll)
        .then((errors) => post([['retired', errors]]));
      break;
    default:
      message satisfies never;
  }
}
