/** `npm run bench [-- FILTER …] [--quick] [--rounds N] [--json FILE] [--list]`: measures, prints the table, judges. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { configurations } from './configurations.ts';
import { Control } from './control.ts';
import { measureApart, type Outcome } from './measure-apart.ts';
import { failuresOf, linesOf, type RowResult } from './report.ts';
import type { MeasureOptions, Row } from './row.ts';
import { rows } from './rows.ts';
import { seeded, shuffled } from './stats.ts';
import { rowText } from './table.ts';

const HELP = `npm run bench [-- FILTER …] [options]

Measures cano beside its peers, each in a process of its own, and prints a table.
FILTER: rows whose id contains it, for example noop or batch-10us.

  --quick        1 short round in place of 4: a look, no more
  --rounds N     so many rounds per row
  --json FILE    every measurement of every round
  --list         the rows, without measuring
  --help

Exit code 1: a wrong result of anybody, or an execution of cano that was lost, repeated or never came back.
Exit code 2: bad usage. A missed budget is printed and does not fail.`;

const CHILD = new URL('child.js', import.meta.url);
const DEFAULT_LIMIT_SECONDS = 60;

interface Options {
  readonly rows: readonly Row[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly json: string | undefined;
}

/** Exits with 2 and one line that names the value and the remedy. */
function usage(message: string): never {
  console.error(`bench: ${message}; npm run bench -- --help`);
  process.exit(2);
}

function read(): Options | undefined {
  const { values, positionals } = parsed();
  if (values.help === true) {
    console.log(HELP);
    return undefined;
  }
  const chosen = rows.filter(({ id }) => positionals.length === 0 || positionals.some((filter) => id.includes(filter)));
  const missing = positionals.find((filter) => !rows.some(({ id }) => id.includes(filter)));
  if (missing !== undefined) usage(`no row matches '${missing}' (there are ${rows.map(({ id }) => id).join(', ')})`);
  if (values.list === true) {
    for (const { id, title, contenders } of chosen)
      console.log(`${id.padEnd(16)} ${title}\n${''.padEnd(17)}${contenders.join(', ')}`);
    return undefined;
  }
  const quick = values.quick === true;
  const rounds = values.rounds === undefined ? (quick ? 1 : 4) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) usage(`--rounds must be a positive integer, got '${values.rounds}'`);
  const named = positionals.length > 0;
  return {
    rows: chosen.filter(({ fullOnly }) => named || !quick || fullOnly !== true),
    quick,
    rounds,
    json: values.json,
  };
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        rounds: { type: 'string' },
        json: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return usage((error as Error).message);
  }
}

async function measureRow(row: Row, { quick, rounds }: Options, control: Control, all: RowResult[]): Promise<void> {
  const outcomes = new Map<string, Outcome[]>(row.contenders.map((contender) => [contender, []]));
  const controls: number[] = [];
  const result: RowResult = { row, controls, outcomes };
  all.push(result);
  const total = Math.min(rounds, row.rounds ?? rounds);
  for (let index = 0; index < total; index += 1) {
    controls.push(await control.spin());
    for (const contender of shuffled(row.contenders, seeded(index * 97 + row.id.length))) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${row.id} ${index + 1}/${total} ${contender}`);
      // A contender that hung once would take its time limit in every round.
      const earlier = outcomes.get(contender) ?? [];
      if (earlier.some(({ kind }) => kind === 'hung')) continue;
      const args = [row.id, contender, JSON.stringify({ quick, seed: index + 1 } satisfies MeasureOptions)];
      earlier.push(await measureApart(CHILD, args, row.timeLimit ?? DEFAULT_LIMIT_SECONDS));
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  console.log(`\n${rowText(result, all)}`);
}

function machine(): Record<string, string | number> {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

function versions(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return dependencies;
}

const options = read();
if (options !== undefined) {
  const facts = machine();
  console.log(
    `${facts['date']} · Node ${facts['node']} · ${facts['cpu']}, ${facts['cores']} cores · load ${facts['load']}`,
  );
  const results: RowResult[] = [];
  const control = await Control.start();
  for (const row of options.rows) await measureRow(row, options, control, results);
  await control.stop();

  const measured = [...new Set(results.flatMap(({ row }) => row.contenders))];
  const packages = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  console.log(`\nconfigurations (${packages.join(', ')})`);
  for (const line of await configurations(measured)) console.log(`  ${line}`);

  const budgets = results.flatMap((result) =>
    linesOf(result).flatMap(({ contender, budgets: own }) =>
      own.map(({ text, met }) => ({ met, text: `${result.row.id}: ${contender} ${text}` })),
    ),
  );
  const missed = budgets.filter(({ met }) => !met);
  console.log(`\nbudgets met: ${budgets.length - missed.length} of ${budgets.length}`);
  for (const { text } of missed) console.log(`  missed  ${text}`);
  const failures = failuresOf(results);
  for (const failure of failures) console.log(`FAILED  ${failure}`);
  if (options.json !== undefined) {
    const raw = results.map(({ row, controls, outcomes }) => ({
      id: row.id,
      title: row.title,
      unit: row.unit,
      controlMs: controls,
      outcomes: Object.fromEntries(outcomes),
    }));
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine: facts, versions: versions(), rows: raw }, undefined, 2)}\n`,
    );
  }
  if (failures.length > 0) process.exitCode = 1;
}
