/** Thread file of cano: each function as a thread exec. */
import { defineExec, execFor, read, type Shared, type ThreadExec } from 'cano/node';
import {
  echoBytes,
  echoObject,
  faulty,
  lookUp,
  noop,
  pick,
  spin,
  type Asking,
  type Desk,
  type FunctionName,
  type Payload,
} from './functions.ts';

type Weights = Float64Array<ArrayBuffer> | Shared<Float64Array<ArrayBuffer>>;

const execs = {
  noop: defineExec(import.meta.url, { name: 'noop', exec: noop }),
  spin: defineExec(import.meta.url, { name: 'spin', exec: spin }),
  echoObject: defineExec(import.meta.url, { name: 'echoObject', exec: echoObject }),
  echoBytes: defineExec(import.meta.url, { name: 'echoBytes', exec: echoBytes }),
  faulty: defineExec(import.meta.url, { name: 'faulty', exec: faulty }),
  ask: execFor<{ desk: Desk }>()(import.meta.url, {
    name: 'ask',
    exec: async ({ id, asks }: Pick<Asking, 'id' | 'asks'>, ctx) => (asks ? ctx.rpc.desk.next(id) : id + 1),
  }),
  lookUp: defineExec(import.meta.url, {
    name: 'lookUp',
    exec: ({ id, weights }: { readonly id: number; readonly weights: Weights | undefined }) =>
      lookUp({ id, weights: weights === undefined || ArrayBuffer.isView(weights) ? weights : read(weights) }),
  }),
  pick: defineExec(import.meta.url, { name: 'pick', exec: pick }),
} as const;

/** As `pick`, of the table that is in the store. */
export const pickFromStore = execFor<unknown, unknown, { readonly rows: Payload['rows'] }>()(import.meta.url, {
  name: 'pickFromStore',
  exec: (id: number, ctx) => pick({ id, rows: ctx.store.get('rows') }),
});

/** The exec of a function, its types erased as those of all contenders' inputs are. */
export function execOf(task: FunctionName): ThreadExec<unknown, unknown> {
  return execs[task] as ThreadExec<never, unknown> as ThreadExec<unknown, unknown>;
}
