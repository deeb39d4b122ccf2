/** What all executions of a visit need beside their inputs. */
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { CommonValue } from '../dispatch/execution.ts';
import { shareSnapshot, snapshotOf, type Values } from '../store/snapshot.ts';
import type { VisitScope } from './visit-scope.ts';

/**
 * The common value of a batch with the keys of the store that its node reads, as they are now; undefined without either.
 * Who asked gives it back with `dispatcher.release`.
 *
 * @throws InvalidOptionError, NotCloneableError when the store cannot be read
 */
export function commonOf(visit: VisitScope, dispatcher: Dispatcher, value: unknown): CommonValue | undefined {
  const values = readsOf(visit);
  if (values === undefined) return value === undefined ? undefined : { value, snapshot: undefined };
  // Nothing crosses a thread on the main thread, so nothing has to be put into shared memory.
  const snapshot = dispatcher.threads === 0 ? values : shareSnapshot(visit.store as object, values);
  return { value, snapshot };
}

/** The keys of the store that the node reads, as they are now; undefined when it reads none. */
export function readsOf({ store, node, place }: VisitScope): Values | undefined {
  return node.reads === undefined ? undefined : snapshotOf(store, node.reads, place.node);
}
