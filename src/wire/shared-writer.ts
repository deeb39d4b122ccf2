// Thread: both
/** Writes a value into shared memory: the layout that `shared-image.ts` describes. */
import { describeValue, InvalidOptionError } from '../core/errors.ts';
import { notCloneable } from './clone-check.ts';
import { ALIGNMENT, FIELDS, OWN, VIEW_KINDS, type SharedImage } from './shared-image.ts';

/**
 * The image of a value. Takes one copy of its typed arrays and one of its structure.
 *
 * @throws NotCloneableError with the path of what cannot cross threads
 * @throws InvalidOptionError when there is not so much shared memory to be had
 */
export function writeImage(value: unknown): SharedImage {
  const { structure, views } = serialize(value);
  const others = [...new Set(views.map(({ buffer }) => buffer).filter(isShared))];
  const { ranges, bytes: structureAt } = layOut(views);
  const buffer = allocate(structureAt + structure.byteLength);
  for (const { memory, from, to, at } of ranges) {
    new Uint8Array(buffer, at, to - from).set(new Uint8Array(memory, from, to - from));
  }
  new Uint8Array(buffer, structureAt).set(structure);
  return { buffer, views: tableOf(views, ranges, others), structureAt, others };
}

function serialize(value: unknown): { readonly structure: Uint8Array; readonly views: readonly ArrayBufferView[] } {
  const views: ArrayBufferView[] = [];
  const { DefaultSerializer } = process.getBuiltinModule('node:v8');
  // The default one asks for views, where the plain one would write out the whole memory behind each.
  const writer = new DefaultSerializer();
  Object.assign(writer, {
    _getDataCloneError: Error,
    // Called for whatever is not plain data: views, and classes of Node with a way of their own to cross threads.
    _writeHostObject: (object: object) => {
      if (!ArrayBuffer.isView(object)) throw new Error(`${describeValue(object)} cannot be put into shared memory`);
      views.push(object);
      writer.writeUint32(views.length - 1);
    },
    _getSharedArrayBufferId: () => {
      throw new Error('a SharedArrayBuffer by itself has no place in a shared value: put a typed array over it there');
    },
  });
  try {
    writer.writeHeader();
    writer.writeValue(value);
    return { structure: writer.releaseBuffer(), views };
  } catch (error) {
    throw notCloneable('share: the value', value, error);
  }
}

/** Bytes that views show, from one memory; where views overlap they are in one range (M4). */
interface Range {
  readonly memory: ArrayBuffer;
  readonly from: number;
  to: number;
  /** Where it begins in the image. */
  at: number;
}

function layOut(views: readonly ArrayBufferView[]): { readonly ranges: readonly Range[]; readonly bytes: number } {
  const byMemory = new Map<ArrayBuffer, ArrayBufferView[]>();
  for (const view of views) {
    const memory = view.buffer;
    if (isShared(memory)) continue;
    const known = byMemory.get(memory);
    if (known === undefined) byMemory.set(memory, [view]);
    else known.push(view);
  }
  const ranges: Range[] = [];
  let bytes = 0;
  for (const [memory, ofMemory] of byMemory) {
    let range: Range | undefined;
    for (const { byteOffset, byteLength } of ofMemory.toSorted((a, b) => a.byteOffset - b.byteOffset)) {
      const end = byteOffset + byteLength;
      if (range !== undefined && byteOffset < range.to) {
        range.to = Math.max(range.to, end);
        continue;
      }
      bytes = close(range, bytes);
      // Its views are as far from an aligned place as in their own memory.
      range = { memory, from: byteOffset, to: end, at: bytes + (byteOffset % ALIGNMENT) };
      ranges.push(range);
    }
    bytes = close(range, bytes);
  }
  return { ranges, bytes };
}

// The first aligned place behind a range.
function close(range: Range | undefined, bytes: number): number {
  return range === undefined ? bytes : Math.ceil((range.at + range.to - range.from) / ALIGNMENT) * ALIGNMENT;
}

function tableOf(
  views: readonly ArrayBufferView[],
  ranges: readonly Range[],
  others: readonly SharedArrayBuffer[],
): Float64Array {
  const byMemory = new Map<ArrayBufferLike, Range[]>();
  for (const range of ranges) {
    const known = byMemory.get(range.memory);
    if (known === undefined) byMemory.set(range.memory, [range]);
    else known.push(range);
  }
  const table = new Float64Array(views.length * FIELDS);
  views.forEach((view, index) => {
    const kind = VIEW_KINDS.findIndex((Kind) => Kind !== undefined && view instanceof Kind);
    const length = 'length' in view ? (view.length as number) : view.byteLength;
    const { buffer, byteOffset } = view;
    if (isShared(buffer)) {
      table.set([kind, others.indexOf(buffer), byteOffset, length], index * FIELDS);
      return;
    }
    const range = rangeAt(byMemory.get(buffer) as Range[], byteOffset);
    table.set([kind, OWN, range.at + byteOffset - range.from, length], index * FIELDS);
  });
  return table;
}

// The last range that begins at or before an offset; they are in ascending order.
function rangeAt(ranges: readonly Range[], offset: number): Range {
  let [low, high] = [0, ranges.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ranges[middle] as Range).from <= offset) low = middle;
    else high = middle - 1;
  }
  return ranges[low] as Range;
}

function allocate(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new InvalidOptionError(
      `share: the value takes ${bytes} bytes of shared memory, which cannot be had: share it in parts`,
      { cause },
    );
  }
}

function isShared(memory: ArrayBufferLike): memory is SharedArrayBuffer {
  return memory instanceof SharedArrayBuffer;
}
