/** Ids of runs. */
import { uuidv7 } from '../core/ids.ts';

const BYTES_PER_ID = 10;
const IDS_PER_DRAW = 256;

let drawn = new Uint8Array(0);
let used = 0;

/**
 * A new id. Random bytes are drawn for many ids at once: asking the system for them costs some microseconds each time,
 * more than all else that starts a run.
 *
 * @param wallMs milliseconds since 1970
 */
export function newRunId(wallMs: number): string {
  if (used === drawn.length) {
    drawn = crypto.getRandomValues(new Uint8Array(BYTES_PER_ID * IDS_PER_DRAW));
    used = 0;
  }
  used += BYTES_PER_ID;
  return uuidv7(wallMs, drawn.subarray(used - BYTES_PER_ID, used));
}
