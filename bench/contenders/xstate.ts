/** XState: async steps in sequence as its documentation writes them, each state invoking a promise actor. */
import { assign, createActor, fromPromise, setup, toPromise } from 'xstate';
import type { WorkflowEngine } from '../workflow-engine.ts';

const machines = setup({
  types: { context: {} as { count: number }, output: {} as number },
  actors: { add: fromPromise(async ({ input }: { input: number }) => input + 1) },
});

export const xstate: WorkflowEngine = {
  name: 'xstate',
  configuration:
    'states that invoke a fromPromise actor; onDone assigns its output and goes on; an actor per run, one machine',

  chain(length) {
    const add = (target: string) =>
      machines.createStateConfig({
        invoke: {
          src: 'add',
          input: ({ context }) => context.count,
          onDone: { target, actions: assign({ count: ({ event }) => event.output }) },
        },
      });
    const entries = Array.from({ length }, (_value, nth): [string, ReturnType<typeof add>] => [
      `state-${nth}`,
      add(nth + 1 === length ? 'done' : `state-${nth + 1}`),
    ]);
    const machine = machines.createMachine({
      id: 'chain',
      context: { count: 0 },
      initial: 'state-0',
      states: { ...Object.fromEntries(entries), done: { type: 'final' } },
      output: ({ context }) => context.count,
    });
    return async () => {
      const actor = createActor(machine);
      actor.start();
      return toPromise(actor);
    };
  },
};
