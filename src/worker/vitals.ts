// Thread: worker
/** Heap and CPU time of the thread, for who looks from outside: told through shared memory, now and then. */
import { resourceLimits } from 'node:worker_threads';
import type { SlotTable } from '../wire/slots.ts';

/** Asking takes some 20 µs. */
const EVERY_MS = 250;
const MEGABYTE = 2 ** 20;

/** CPU time of a thread is known to Node 22.19, 23.9 and newer. */
const { threadCpuUsage } = process as { threadCpuUsage?: () => { readonly user: number; readonly system: number } };

export class VitalsTeller {
  readonly #slots: SlotTable;
  #toldAt = -Infinity;

  constructor(slots: SlotTable) {
    this.#slots = slots;
  }

  /** @param now in milliseconds */
  tell(now: number): void {
    if (now - this.#toldAt < EVERY_MS) return;
    this.#toldAt = now;
    const cpu = threadCpuUsage?.();
    this.#slots.setVitals({
      heapUsedBytes: process.memoryUsage().heapUsed,
      heapLimitBytes: (resourceLimits.maxOldGenerationSizeMb ?? 0) * MEGABYTE,
      cpuMs: cpu === undefined ? 0 : (cpu.user + cpu.system) / 1_000,
    });
  }
}
