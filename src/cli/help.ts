/** The texts of `--help`. Pure. */
import { RUN_FLAGS, type HelpTopic } from './args.ts';
import { BENCH_FLAGS } from './bench/flags.ts';
import { KERNEL_TEXTS } from './bench/kernel-texts.ts';
import { GRAFANA_FLAGS } from './grafana.ts';
import type { Pipeline } from './pipeline-file.ts';
import { REMOTE_FLAGS, type Verb } from './remote.ts';
import { RUN_VERBS } from './runs.ts';
import { SCHEDULE_VERBS } from './schedules.ts';
import { SERVE_FLAGS } from './serve-flags.ts';

const MAX_FLAG = 26;
const WIDTH = 100;
const EXIT_CODES = 'Exit codes: 0 done, 1 the run failed, 2 nothing was run (bad usage), 130 interrupted.';

/** The help of the whole, or of one command. */
export function helpOf(of: HelpTopic): string {
  switch (of) {
    case 'cano':
      return `cano runs CPU-bound pipelines on every core.

  cano run FILE [flags]    runs the pipeline that FILE default-exports
  cano run FILE --help     lists the inputs of that pipeline
  cano bench FILE [flags]  what it gains from threads on this machine; --builtin: cano's own kernels
  cano graph FILE          prints its states as a Mermaid diagram
  cano serve CONFIG        engine, schedules and HTTP server of a configuration, until it is stopped
  cano schedules [VERB]    the schedules of a server: list, show, trigger, pause, resume
  cano runs [VERB]         the runs of a server: list, show, start, cancel
  cano trace open FILE     what is in a timeline of cano run --trace, and how to see it
  cano grafana export DIR  dashboards for Grafana, alerts and rules for Prometheus
  cano --version

Flags of every run:
${table(ownFlags())}

Ctrl-C cancels the run; a second one exits at once.
${EXIT_CODES}
`;
    case 'run':
      return `cano run FILE [flags]

Runs the pipeline that FILE (.ts or .js) default-exports.
cano run FILE --help lists the inputs of that pipeline.

${table(ownFlags())}

${EXIT_CODES}
`;
    case 'bench':
      return benchHelp();
    case 'graph':
      return `cano graph FILE

Prints the states and transitions of the pipeline that FILE default-exports, as a Mermaid diagram.
`;
    case 'serve':
      return `cano serve CONFIG [flags]

Starts the schedules of the configuration that CONFIG (.ts or .js) default-exports, made by defineConfig of 'cano/server',
and answers over HTTP: /api (its OpenAPI document is /api/openapi.json), /metrics, /healthz, /readyz.
Logs go to stdout, one JSON object per line.

${table(rowsOf(SERVE_FLAGS))}

Examples:
  cano serve cano.config.ts
  CANO_TOKEN=secret cano serve cano.config.ts --host 0.0.0.0 --port 8080

SIGTERM or Ctrl-C drains: runs under way may end within server.drainTimeout (30s); a second one exits at once.
Exit codes: 0 drained, 2 nothing was started (bad usage or configuration), 130 exited at once.
`;
    case 'schedules':
      return remoteHelp('schedules', SCHEDULE_VERBS, [
        'cano schedules',
        'cano schedules trigger corpus --input limit=200',
        'cano schedules list --json | jq -r .schedules[].id',
      ]);
    case 'runs':
      return remoteHelp('runs', RUN_VERBS, [
        'cano runs --status failed',
        'cano runs start corpus --input limit=200 --input folder=docs',
        'cano runs cancel 0192…',
      ]);
    case 'trace':
      return `cano trace open FILE [--json]

Says what is in FILE, a timeline that cano run PIPELINE --trace FILE has written (or a program with
engine.trace()), and how to load it into ui.perfetto.dev or chrome://tracing.
--json prints the figures as one JSON object.

Examples:
  cano run pipeline.ts --trace trace.json.gz
  cano trace open trace.json.gz

Exit codes: 0 done, 2 there is no such file, or it is no trace of cano.
`;
    case 'grafana':
      return `cano grafana export DIR [flags]

Writes into DIR: dashboards, alerts and recording rules, the configuration of a Prometheus that scrapes localhost:9464,
the files that provision a Grafana, a docker-compose.yml for both, and what the metrics and the alerts mean.
A file that is there and differs is not overwritten: then nothing is written.

${table(rowsOf(GRAFANA_FLAGS))}

Example:
  cano grafana export ./monitoring && cd monitoring && docker compose up

Exit codes: 0 done, 2 nothing was written.
`;
    default:
      return of satisfies never;
  }
}

function remoteHelp(noun: string, verbs: Readonly<Record<string, Verb>>, examples: readonly string[]): string {
  const own = Object.assign({}, ...Object.values(verbs).map(({ flags }) => flags)) as typeof REMOTE_FLAGS;
  return `cano ${noun} [VERB] [flags]

${table(Object.entries(verbs).map(([verb, { takes, help }]): Row => [takes === undefined ? verb : `${verb} ${takes}`, help]))}

${table(rowsOf({ ...own, ...REMOTE_FLAGS }))}

Examples:
${examples.map((example) => `  ${example}`).join('\n')}

Exit codes: 0 done, 1 the server said no or did not answer, 2 bad usage.
`;
}

/** The help of `cano bench`, with the inputs of a pipeline when there is one. */
export function benchHelp(file = 'FILE', pipeline?: Pipeline): string {
  const inputs = pipeline === undefined ? [] : inputRows(pipeline);
  return `cano bench ${file} [flags] [-- flags of the pipeline]
cano bench --builtin [KERNEL ...] [flags]

Runs the pipeline that FILE (.ts or .js) default-exports with each thread count in turns, every run in a process of its own,
and prints time, speed-up and efficiency with their intervals, what the machine and a bare loop over the same work gave
meanwhile, what the time went into, the fitted laws of Amdahl and Gunther, and how many threads are worth using. For the bare
loop it runs once more, on the main thread, and its heaviest exec again with the same inputs in each round.

${table(rowsOf(BENCH_FLAGS))}

Kernels of --builtin (--scale X sets their size; 1 is about a second for one thread):
${table(Object.entries(KERNEL_TEXTS))}
${inputs.length === 0 ? '' : `\nInputs (behind -- where bench has a flag of that name):\n${table(inputs)}\n`}
Examples:
  cano bench pipeline.ts --threads 1,2,4,8 --html bench.html
  cano bench pipeline.ts --json > before.json
  cano bench pipeline.ts --baseline before.json --threshold 5%

Exit codes: 0 done, 1 a run failed or it is slower than the baseline, 2 nothing was run (bad usage),
3 the baseline has done other work, so there is no verdict, 130 interrupted.
`;
}

/** The help of one pipeline: what can be set, with type, default and description. */
export function pipelineHelp(file: string, pipeline: Pipeline): string {
  const { workflow, description } = pipeline;
  const { name } = workflow as { readonly name: string };
  const inputs = inputRows(pipeline);
  return `cano run ${file} [flags]

${name}${description === undefined ? '' : `: ${description}`}

${inputs.length === 0 ? 'It has no inputs.' : `Inputs:\n${table(inputs)}`}

Flags of every run:
${table(ownFlags())}
`;
}

function inputRows({ flags }: Pipeline): Row[] {
  return flags
    .filter(({ negates }) => !negates)
    .map(({ flag, declared, rule }): Row => {
      const shown = declared.type === 'boolean' ? `--[no-]${flag}` : `--${flag} ${placeholder(declared.type)}`;
      const isPlain = rule === 'a text' || rule === 'a path' || rule === 'true or false';
      const preset =
        declared.default === undefined
          ? declared.required === true
            ? ['required']
            : []
          : [`default ${String(declared.default)}`];
      const facts = [...(isPlain ? [] : [rule]), ...preset];
      return [shown, `${declared.description}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`];
    });
}

type Row = readonly [flag: string, text: string];

function ownFlags(): Row[] {
  return rowsOf(RUN_FLAGS);
}

function rowsOf(flags: Readonly<Record<string, { readonly value: string | undefined; readonly help: string }>>): Row[] {
  return Object.entries(flags).map(([flag, { value, help }]) => [
    value === undefined ? `--${flag}` : `--${flag} ${value}`,
    help,
  ]);
}

function placeholder(type: string): string {
  return type === 'path' ? 'PATH' : type === 'integer' ? 'N' : type === 'number' ? 'X' : 'TEXT';
}

function table(rows: readonly Row[]): string {
  const width = Math.min(MAX_FLAG, Math.max(...rows.map(([flag]) => flag.length)));
  const indent = ' '.repeat(width + 4);
  return rows
    .map(([flag, text]) => {
      const [first = '', ...more] = wrap(text, WIDTH - indent.length);
      const head = flag.length > width ? `  ${flag}\n${indent}` : `  ${flag.padEnd(width)}  `;
      return [`${head}${first}`, ...more.map((line) => indent + line)].join('\n');
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
