/** `cano runs`: the runs of a server. */
import { formatMs } from '../observe/format.ts';
import { columns, inputsOf, relative, type Verb } from './remote.ts';

interface Shown {
  readonly id: string;
  readonly workflow: string;
  readonly status: string;
  readonly state: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly schedule?: string;
  readonly error?: { readonly message: string };
  readonly waitsFor?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly nodes: readonly {
    readonly state: string;
    readonly branch?: string;
    readonly executions: number;
    readonly retries: number;
    readonly queueMs: number;
    readonly execMs: number;
  }[];
}

interface Page {
  readonly runs: readonly Shown[];
  readonly next?: string;
  readonly kept: number;
  readonly dropped: number;
}

const path = (id: string, what: string = ''): string => `/api/runs/${encodeURIComponent(id)}${what}`;

export const RUN_VERBS: Readonly<Record<string, Verb>> = {
  list: {
    takes: undefined,
    help: 'those under way and the last ones that have ended (default)',
    flags: {
      status: { value: 'STATUS', help: 'only these: running, completed, failed, cancelled, timed_out, pending' },
      workflow: { value: 'NAME', help: 'only those of this workflow' },
      limit: { value: 'N', help: 'so many at most (default 50)' },
      before: { value: 'ID', help: 'those that started before this run' },
    },
    act: async ({ client, words, print }) => {
      const query = new URLSearchParams();
      for (const name of ['status', 'workflow', 'limit', 'before']) {
        const value = words.flags.get(name);
        if (value !== undefined) query.set(name, String(value));
      }
      const page = (await client.get(`/api/runs?${query.toString()}`)) as Page;
      print(page, () => list(page));
    },
  },
  show: {
    takes: 'ID',
    help: 'one of them: what it waits for, the figures of its nodes',
    act: async ({ client, print }, id) => {
      const run = (await client.get(path(id))) as Shown;
      print(run, () => describe(run));
    },
  },
  start: {
    takes: 'WORKFLOW',
    help: 'starts a run of a workflow',
    flags: { input: { value: 'NAME=VALUE', help: 'an input of the pipeline; may be given more than once' } },
    lists: ['input'],
    act: async (remote, workflow) => {
      const inputs = await inputsOf(remote, async () => workflow);
      const answer = await remote.client.post(`/api/workflows/${encodeURIComponent(workflow)}/runs`, { inputs });
      const run = answer as Shown;
      remote.print(run, () => [`run ${run.id} of workflow '${run.workflow}' has started`]);
    },
  },
  cancel: {
    takes: 'ID',
    help: 'cancels it; what it executes is stopped',
    flags: { reason: { value: 'TEXT', help: 'why' } },
    act: async ({ client, words, print }, id) => {
      const reason = words.flags.get('reason');
      const answer = await client.post(path(id, '/cancel'), reason === undefined ? {} : { reason });
      print(answer, () => [`run ${id} is being cancelled`]);
    },
  },
};

function list({ runs, next, kept, dropped }: Page): string[] {
  if (runs.length === 0) return ['there are no such runs'];
  return [
    ...columns(
      ['ID', 'WORKFLOW', 'STATUS', 'STATE', 'STARTED', 'TOOK', 'BY'],
      runs.map((run) => [
        run.id,
        run.workflow,
        run.status,
        run.state,
        relative(run.startedAt),
        formatMs(run.durationMs),
        run.schedule ?? 'api',
      ]),
    ),
    ...(next === undefined ? [] : [`more with --before ${next}`]),
    ...(dropped === 0 ? [] : [`(${dropped} older ones are not kept: the server remembers the last ${kept})`]),
  ];
}

function describe(run: Shown): string[] {
  const { id, workflow, status, state, startedAt, durationMs, error, waitsFor, inputs, nodes } = run;
  return [
    `${id}: workflow '${workflow}'`,
    `status   ${status}, in state ${state}`,
    `started  ${startedAt}, took ${formatMs(durationMs)}`,
    ...(inputs === undefined ? [] : [`inputs   ${JSON.stringify(inputs)}`]),
    ...(error === undefined ? [] : [`error    ${error.message}`]),
    ...(waitsFor === undefined ? [] : [`now      ${waitsFor}`]),
    '',
    ...columns(
      ['STATE', 'EXECUTIONS', 'RETRIES', 'WAITED', 'EXECUTED'],
      nodes.map((node) => [
        node.branch === undefined ? node.state : `${node.state} / ${node.branch}`,
        String(node.executions),
        String(node.retries),
        formatMs(node.queueMs),
        formatMs(node.execMs),
      ]),
    ),
  ];
}
