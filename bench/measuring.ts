/** How most rows are measured: a contender opened, given some work, and closed. */
import { contenders } from './contenders/index.ts';
import type { Contender, OpenOptions, Pool } from './contender.ts';
import type { MeasureOptions, Row } from './row.ts';
import { batch } from './workloads/batch.ts';
import { closedLoop, type Work } from './workloads/loop.ts';

/** Threads where the figure is overhead: the main thread has the other core. */
export const ONE = 1;
/** Threads where it is throughput. */
export const TWO = 2;

export async function load(id: string): Promise<Contender> {
  const loader = contenders[id as keyof typeof contenders];
  if (loader === undefined) throw new Error(`no contender is called '${id}'`);
  return loader();
}

export async function withPool<T>(id: string, options: OpenOptions, use: (pool: Pool) => Promise<T>): Promise<T> {
  const contender = await load(id);
  const pool = await contender.open(options);
  const result = await use(pool);
  await pool.close();
  return result;
}

export function times({ quick }: MeasureOptions): { warmUpMs: number; measureMs: number } {
  // Small executions go on getting faster for half a second, while V8 compiles what runs often.
  return quick ? { warmUpMs: 200, measureMs: 200 } : { warmUpMs: 600, measureMs: 600 };
}

/** A row that keeps so many executions of one task in flight. */
export function looped(
  id: string,
  title: string,
  row: Pick<Row, 'contenders' | 'budgets'> & OpenOptions & { work: () => Work; inFlight: number },
): Row {
  const { contenders: names, budgets, work, inFlight, ...open } = row;
  return {
    id,
    title,
    unit: 'µs per execution',
    contenders: names,
    ...(budgets === undefined ? {} : { budgets }),
    measure: (contender, options) =>
      withPool(contender, open, (pool) => closedLoop(pool, { work: work(), inFlight, ...times(options) })),
  };
}

/** A row that has many items of one task done at once. */
export function batched(
  id: string,
  title: string,
  row: { work: () => Work; task: OpenOptions['task']; items: number } & Pick<Row, 'contenders' | 'budgets'>,
): Row {
  const { contenders: names, budgets, work, task, items } = row;
  return {
    id,
    title,
    unit: 'µs per item',
    contenders: names,
    ...(budgets === undefined ? {} : { budgets }),
    measure: (contender, { quick }) =>
      withPool(contender, { threads: TWO, task }, (pool) =>
        batch(pool, { work: work(), items: quick ? Math.ceil(items / 5) : items, inFlight: 64 * TWO }),
      ),
  };
}
