/** A report at nine in the morning, by the clocks of Madrid: what the runs of the server were, as a file per day. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFor, Workflow, type MemoryStore } from '../../src/index.ts';

export interface ReportSchema {
  /** The time that the schedule names, not the time at which it was made. */
  scheduledAt: Date;
  folder: string;
  path: string;
}

/** What the report asks of the main thread. */
export interface ReportServices {
  readonly tally: { lines(): string[] };
}

const write = nodeFor<MemoryStore<ReportSchema>, ReportServices>()({
  name: 'write',
  outcomes: ['Written'],
  prep: (store, { services }) => ({
    folder: store.get('folder'),
    day: store.get('scheduledAt').toISOString().slice(0, 10),
    lines: services.tally.lines(),
  }),
  exec: async ({ folder, day, lines }) => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `report-${day}.txt`);
    await writeFile(path, [`runs up to ${day}`, ...lines, ''].join('\n'));
    return path;
  },
  post: (store, path) => {
    store.put('path', path);
    return 'Written';
  },
});

export const report = new Workflow<'Write' | 'Written', MemoryStore<ReportSchema>>('report', 'Write')
  .registerNode('Write', write)
  .addExitStates('Written');
