/** Finds inputs that cost more to send than they give to do: what a user would share if they knew. */
import { partsOf } from '../wire/clone-check.ts';
import { surveyOf } from '../wire/transfer.ts';
import type { Travel, VisitPlace } from './attempt.ts';
import type { LiveRun } from './live-run.ts';

/** Less is not worth a word. */
const LEAST_BYTES = 2 ** 20;
/** The other half of a copy is made on the thread, where it cannot be measured; it takes about as long. */
const BOTH_HALVES = 2;
/** A part that weighs so much of the whole is the whole problem. */
const MOST = 0.8;
const MAX_STEPS = 8;

/** Whether copying the inputs of an execution took longer than its items do, each of them `ms`. */
export function isCostly({ bytesIn, cloneMs, items }: Travel, ms: number): boolean {
  return bytesIn >= LEAST_BYTES && cloneMs * BOTH_HALVES > ms * items.length;
}

/**
 * Warns of an execution that `isCostly`, once per node of a run.
 *
 * @param input what the execution was given, with the common value of a batch
 */
export function warnOfCostlyInput(
  run: LiveRun,
  place: VisitPlace,
  { bytesIn, items }: Travel,
  ms: number,
  input: object,
): void {
  run.announceOnce(`costly_input ${place.state} ${place.node}`, () => ({
    type: 'warning',
    code: 'costly_input',
    ...place,
    message:
      `prep of '${place.node}' ships ${megabytes(bytesIn)}${describePart(input)} for ${milliseconds(ms * items.length)} of work: ` +
      `share() it once and pass on what that returns`,
  }));
}

function describePart(input: object): string {
  const { path, bytes } = heaviestPart(input);
  return path === '' ? '' : ` (${path.replace(/^\./, '')}: ${megabytes(bytes)})`;
}

/** The way to the smallest part that holds most of the weight, such as `.input.points`. */
export function heaviestPart(whole: unknown): { readonly path: string; readonly bytes: number } {
  let [path, value, bytes] = ['', whole, surveyOf(whole).bytes];
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const heavy = heaviestChild(value);
    if (heavy === undefined || heavy.bytes < bytes * MOST) break;
    path += heavy.step;
    ({ value, bytes } = heavy);
  }
  return { path, bytes };
}

function heaviestChild(
  value: unknown,
): { readonly step: string; readonly value: unknown; readonly bytes: number } | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  let best: { step: string; value: unknown; bytes: number } | undefined;
  for (const [step, part] of partsOf(value)) {
    const { bytes } = surveyOf(part);
    if (best === undefined || bytes > best.bytes) best = { step, value: part, bytes };
  }
  return best;
}

function megabytes(bytes: number): string {
  const mb = bytes / 1e6;
  return `${mb < 10 ? mb.toFixed(1) : Math.round(mb)} MB`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
