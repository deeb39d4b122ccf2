/** Schedulers beside cano's, behind one small interface: each as its documentation shows it. */
import { Cron } from 'croner';
import { schedule } from 'node-cron';
import { CronJob, SimpleIntervalJob, Task, ToadScheduler } from 'toad-scheduler';
import { createEngine, nodeFor, Scheduler, Workflow } from 'cano';

/** Something that holds schedules. Ids are numbers; a fire is told by its id. */
export interface Holder {
  cron(id: number, expression: string): void;
  /** Where it has no intervals of its own, a timer is what its users take. */
  interval(id: number, everyMs: number): void;
  remove(id: number): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface SchedulerContender {
  readonly name: string;
  readonly configuration: string;
  open(onFire: (id: number) => void): Holder;
}

const cano: SchedulerContender = {
  name: 'cano',
  configuration: 'schedules of a one-node inline workflow, a plain object as store',
  open: (onFire) => {
    interface Store {
      readonly id: number;
    }
    const node = nodeFor<Store>()({
      name: 'fire',
      outcomes: ['Fired'],
      prep: ({ id }) => onFire(id),
      exec: () => undefined,
    });
    const workflow = new Workflow<'Fire' | 'Fired', Store>('fire', 'Fire')
      .registerNode('Fire', node)
      .addExitStates('Fired');
    const engine = createEngine({ inline: true });
    const scheduler = new Scheduler({ engine });
    return {
      cron: (id, expression) => void scheduler.cron(String(id), workflow, expression, { store: () => ({ id }) }),
      interval: (id, everyMs) => void scheduler.every(String(id), workflow, everyMs, { store: () => ({ id }) }),
      remove: (id) => scheduler.remove(String(id)),
      start: () => scheduler.start(),
      stop: async () => {
        await scheduler.stop();
        await engine.close();
      },
    };
  },
};

const croner: SchedulerContender = {
  name: 'croner',
  configuration: 'a Cron per expression; setInterval for intervals',
  open: (onFire) => {
    const held = new Map<number, { stop(): void }>();
    return {
      cron: (id, expression) => void held.set(id, new Cron(expression, () => onFire(id))),
      interval: (id, everyMs) => {
        const timer = setInterval(() => onFire(id), everyMs);
        held.set(id, { stop: () => clearInterval(timer) });
      },
      remove: (id) => held.get(id)?.stop(),
      start: async () => {},
      stop: async () => held.forEach((each) => each.stop()),
    };
  },
};

const cronOfNode: SchedulerContender = {
  name: 'node-cron',
  configuration: 'schedule() per expression; setInterval for intervals',
  open: (onFire) => {
    const held = new Map<number, { stop(): unknown }>();
    return {
      cron: (id, expression) => {
        const task = schedule(expression, () => onFire(id));
        held.set(id, { stop: () => task.destroy() });
      },
      interval: (id, everyMs) => {
        const timer = setInterval(() => onFire(id), everyMs);
        held.set(id, { stop: () => clearInterval(timer) });
      },
      remove: (id) => void held.get(id)?.stop(),
      start: async () => {},
      stop: async () => {
        for (const each of held.values()) await each.stop();
      },
    };
  },
};

const toad: SchedulerContender = {
  name: 'toad-scheduler',
  configuration: 'CronJob and SimpleIntervalJob with ids',
  open: (onFire) => {
    const scheduler = new ToadScheduler();
    const task = (id: number): Task => new Task(String(id), () => onFire(id));
    return {
      cron: (id, expression) =>
        scheduler.addCronJob(new CronJob({ cronExpression: expression }, task(id), { id: String(id) })),
      interval: (id, everyMs) =>
        scheduler.addSimpleIntervalJob(new SimpleIntervalJob({ milliseconds: everyMs }, task(id), { id: String(id) })),
      remove: (id) => void scheduler.removeById(String(id)),
      start: async () => {},
      stop: async () => scheduler.stop(),
    };
  },
};

export const schedulers: Readonly<Record<string, SchedulerContender>> = {
  croner,
  nodeCron: cronOfNode,
  toad,
  canoScheduler: cano,
};
