/** The process of one measurement: `child.js ROW CONTENDER OPTIONS`, started by measure-apart.ts, reports over IPC. */
import type { MeasureOptions } from './row.ts';
import { rows } from './rows.ts';

const [rowId, contender, options] = process.argv.slice(2);
const row = rows.find(({ id }) => id === rowId);
if (row === undefined || contender === undefined || options === undefined || process.send === undefined) {
  throw new Error('bench/child.js is started by the bench: npm run bench');
}
const measurement = await row.measure(contender, JSON.parse(options) as MeasureOptions);
process.send(measurement, () => process.disconnect());
