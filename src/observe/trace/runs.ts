/** Which records are of which run. */
import type { Reading, RunUnderWay } from './reading.ts';
import { KIND } from './record.ts';

/** A run that is in the recording. */
export interface RecordedRun {
  /** Of its asynchronous slice: its own id, and more where another run has that too. */
  readonly id: string;
  /** Its records, in order. */
  readonly indices: readonly number[];
  /** Set for one without records: it was under way all the time. */
  readonly quiet?: RunUnderWay;
}

/** Those with records come in the order of the first of them. */
export function runsOf(reading: Reading): RecordedRun[] {
  const ids = new AsyncIds();
  const runs: RecordedRun[] = [];
  // An id is free again when its run is over, so each start is that of another run.
  const present = new Map<string, number[]>();
  for (let index = 0; index < reading.count; index += 1) {
    const runId = reading.runId(index);
    const kind = reading.kind(index);
    // A warning alone is no part of a run.
    if (runId === '' || kind === KIND.warning) continue;
    const known = kind === KIND.runStarted ? undefined : present.get(runId);
    const indices = known ?? [];
    indices.push(index);
    if (known !== undefined) continue;
    present.set(runId, indices);
    runs.push({ id: ids.newOf(runId), indices });
  }
  for (const quiet of reading.recording.underWay)
    if (!present.has(quiet.runId)) runs.push({ id: ids.newOf(quiet.runId), indices: [], quiet });
  return runs;
}

class AsyncIds {
  readonly #taken = new Set<string>();
  readonly #times = new Map<string, number>();

  newOf(runId: string): string {
    let id = runId;
    while (this.#taken.has(id)) {
      const times = (this.#times.get(runId) ?? 1) + 1;
      this.#times.set(runId, times);
      id = `${runId} (${times})`;
    }
    this.#taken.add(id);
    return id;
  }
}
