/** `cano schedules`: the schedules of a server. */
import { formatMs } from '../observe/format.ts';
import { columns, inputsOf, relative, type Verb } from './remote.ts';

interface Shown {
  readonly id: string;
  readonly workflow: string;
  readonly plan: string;
  readonly status: string;
  readonly running: number;
  readonly runs: number;
  readonly failures: number;
  readonly skips: number;
  readonly misses: number;
  readonly nextFires: readonly string[];
  readonly lastStart?: string;
  readonly averageDurationMs?: number;
  readonly lastError?: { readonly message: string };
  readonly backoffUntil?: string;
  readonly history: readonly {
    readonly runId?: string;
    readonly reason: string;
    readonly startedAt: string;
    readonly status: string;
    readonly durationMs?: number;
    readonly error?: { readonly message: string };
  }[];
}

const SHOWN_RUNS = 10;

const path = (id: string, what: string = ''): string => `/api/schedules/${encodeURIComponent(id)}${what}`;

const changing = (what: 'pause' | 'resume', help: string): Verb => ({
  takes: 'ID',
  help,
  act: async ({ client, print }, id) => {
    const answer = await client.post(path(id, `/${what}`));
    print(answer, () => [`${id} is ${(answer as Shown).status}`]);
  },
});

export const SCHEDULE_VERBS: Readonly<Record<string, Verb>> = {
  list: {
    takes: undefined,
    help: 'all of them: status, plan, next fire, counts (default)',
    act: async ({ client, print }) => {
      const answer = (await client.get('/api/schedules')) as { readonly schedules: readonly Shown[] };
      print(answer, () =>
        answer.schedules.length === 0
          ? ['there are no schedules']
          : columns(
              ['ID', 'STATUS', 'PLAN', 'NEXT', 'LAST', 'RUNS', 'FAILED', 'SKIPPED', 'MISSED'],
              answer.schedules.map((each) => [
                each.id,
                each.status,
                each.plan,
                relative(each.nextFires[0]),
                relative(each.lastStart),
                String(each.runs),
                String(each.failures),
                String(each.skips),
                String(each.misses),
              ]),
            ),
      );
    },
  },
  show: {
    takes: 'ID',
    help: 'one of them, with its last runs',
    act: async ({ client, print }, id) => {
      const shown = (await client.get(path(id))) as Shown;
      print(shown, () => describe(shown));
    },
  },
  trigger: {
    takes: 'ID',
    help: 'starts a run now',
    flags: { input: { value: 'NAME=VALUE', help: 'an input of its pipeline; may be given more than once' } },
    lists: ['input'],
    act: async (remote, id) => {
      const { client, print } = remote;
      const inputs = await inputsOf(remote, async () => ((await client.get(path(id))) as Shown).workflow);
      const run = (await client.post(path(id, '/trigger'), inputs === undefined ? {} : { inputs })) as {
        readonly id: string;
      };
      print(run, () => [`run ${run.id} of schedule '${id}' has started`]);
    },
  },
  pause: changing('pause', 'no fires until it is resumed; runs under way go on'),
  resume: changing('resume', 'fires again, also after it has tripped'),
};

function describe(shown: Shown): string[] {
  const { id, workflow, plan, status, nextFires, averageDurationMs, lastError, backoffUntil, history } = shown;
  const runs = history.slice(-SHOWN_RUNS).toReversed();
  return [
    `${id}: workflow '${workflow}', ${plan}`,
    `status    ${status}${backoffUntil === undefined ? '' : `, until ${backoffUntil}`}, ${shown.running} running`,
    `runs      ${shown.runs}, ${shown.failures} failed, ${shown.skips} fires skipped, ${shown.misses} missed`,
    ...(averageDurationMs === undefined ? [] : [`average   ${formatMs(averageDurationMs)}`]),
    ...(lastError === undefined ? [] : [`error     ${lastError.message}`]),
    ...(nextFires.length === 0 ? [] : [`next      ${nextFires.join(', ')}`]),
    ...(runs.length === 0
      ? []
      : [
          '',
          ...columns(
            ['STARTED', 'STATUS', 'TOOK', 'BY', 'RUN'],
            runs.map((run) => [
              run.startedAt,
              run.status,
              run.durationMs === undefined ? '-' : formatMs(run.durationMs),
              run.reason,
              run.runId ?? run.error?.message ?? '-',
            ]),
          ),
        ]),
  ];
}
