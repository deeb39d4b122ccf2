// Thread: worker
/**
 * The shared values that this thread holds. They belong to the incarnation of the thread: they live on when a lease ends, and
 * are gone when the thread is replaced.
 *
 * Y1 A value is made from its image at its first read, once, and kept.
 * Y2 What values take beside shared memory (objects, strings) is bounded: when the structures of those that were read weigh
 *    more than the limit, those not read for longest are let go of, image and all. An execution that needs one of them
 *    later is answered `need`. What the present execution may read is never let go of.
 */
import { notHere, setSharedReader } from '../core/shared.ts';
import type { SharedIds } from '../wire/messages.ts';
import { readImage, structureBytes, type SharedImage } from '../wire/shared-image.ts';

interface Entry {
  readonly image: SharedImage;
  /** Seen by the garbage collector in place of the shared memory, whose size it does not see; never touched. */
  readonly ballast: ArrayBuffer;
  value: { readonly made: unknown } | undefined;
  /** Number of the last read. */
  readAt: number;
}

const entries = new Map<number, Entry>();
let limitBytes = Number.POSITIVE_INFINITY;
let heldBytes = 0;
let reads = 0;
let present: readonly [own: SharedIds, common: SharedIds] = [0, 0];

setSharedReader((_reference, id) => {
  const entry = entries.get(id);
  if (entry === undefined) throw notHere(id);
  reads += 1;
  entry.readAt = reads;
  if (entry.value === undefined) {
    entry.value = { made: readImage(entry.image) };
    heldBytes += structureBytes(entry.image);
    if (heldBytes > limitBytes) makeRoom(id);
  }
  return entry.value.made;
});

/** A lease begins: lets go of all but the values that are alive. */
export function retainShared(alive: readonly number[], limit: number): void {
  limitBytes = limit;
  if (entries.size === 0) return;
  const ids = new Set(alive);
  letGo([...entries.keys()].filter((id) => !ids.has(id)));
}

export function holdShared(id: number, image: SharedImage): void {
  if (entries.has(id)) return;
  entries.set(id, { image, ballast: new ArrayBuffer(image.buffer.byteLength), value: undefined, readAt: 0 });
}

export function letGo(ids: readonly number[]): void {
  for (const id of ids) {
    const entry = entries.get(id);
    if (entry === undefined) continue;
    entries.delete(id);
    if (entry.value !== undefined) heldBytes -= structureBytes(entry.image);
  }
}

/** Whether all of these are here. */
export function holdsShared(ids: SharedIds): boolean {
  if (typeof ids === 'number') return ids === 0 || entries.has(ids);
  return ids.every((id) => entries.has(id));
}

/** An execution begins that may read these: its own, and those of its common value. */
export function beginReading(own: SharedIds, common: SharedIds): void {
  // One execution follows the other on a thread, and most name none.
  if (own === 0 && common === 0 && present[0] === 0 && present[1] === 0) return;
  present = [own, common];
}

function makeRoom(justRead: number): void {
  const [own, common] = present;
  const candidates = [...entries]
    .filter(([id, { value }]) => value !== undefined && id !== justRead && !isAmong(id, own) && !isAmong(id, common))
    .toSorted(([, a], [, b]) => a.readAt - b.readAt);
  for (const [id] of candidates) {
    if (heldBytes <= limitBytes) return;
    letGo([id]);
  }
}

function isAmong(id: number, ids: SharedIds): boolean {
  return typeof ids === 'number' ? id === ids : ids.includes(id);
}
