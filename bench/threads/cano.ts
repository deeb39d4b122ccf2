/** Thread file of cano: each function as a thread exec. */
import { defineExec, execFor, type ThreadExec } from 'cano/node';
import { echoBytes, echoObject, faulty, noop, spin, type Asking, type Desk, type FunctionName } from './functions.ts';

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
} as const;

/** The exec of a function, its types erased as those of all contenders' inputs are. */
export function execOf(task: FunctionName): ThreadExec<unknown, unknown> {
  return execs[task] as ThreadExec<never, unknown> as ThreadExec<unknown, unknown>;
}
