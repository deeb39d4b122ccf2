// Thread: both
/**
 * A value in shared memory, as all threads see it: one buffer with the bytes of its typed arrays, and behind them the
 * structure that holds them, serialised.
 *
 * M1 Bytes are written once, before anybody else knows of the buffer. `share` never writes again; with `shareMutable` only
 *    the bytes of typed arrays change, by whoever reads the value.
 * M2 A typed array aliases the buffer on every thread: nothing of it is copied when the value is read. It is aligned to
 *    `ALIGNMENT`, which every kind of element divides.
 * M3 Memory that is shared already stays where it is: the image refers to it.
 * M4 Views of one memory stay views of one memory: what overlaps in the original overlaps in the image.
 */
/** Where views begin, in bytes: the size of the largest element. */
export const ALIGNMENT = 8;
/** Numbers per view in the table of an image. */
export const FIELDS = 4;
/** In the table: the memory of a view is the image itself, not one that was shared before. */
export const OWN = -1;

type ViewKind = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView;

/** What a view may be; its place is its number in the table. Float16Array comes with Node 24. */
export const VIEW_KINDS: readonly (ViewKind | undefined)[] = [
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
  DataView,
  (globalThis as { Float16Array?: ViewKind }).Float16Array,
];

/** Everything that a thread needs to read a shared value; structured clone passes it on without copying its memory. */
export interface SharedImage {
  readonly buffer: SharedArrayBuffer;
  /** Of each view: its kind, the number of its memory in `others` or `OWN`, its first byte there, its length in elements. */
  readonly views: Float64Array;
  /** Where the serialised structure begins in `buffer`; it goes to the end. */
  readonly structureAt: number;
  /** Memory outside the image that it refers to. */
  readonly others: readonly SharedArrayBuffer[];
}

/** Bytes of the structure of an image: what reading it makes copies of. */
export function structureBytes({ buffer, structureAt }: SharedImage): number {
  return buffer.byteLength - structureAt;
}

/** The value of an image. Typed arrays in it lie in the image's memory, the rest is made anew. */
export function readImage({ buffer, views, structureAt, others }: SharedImage): unknown {
  // Taken when it is needed: loading it takes a tenth of the time in which a thread gets ready.
  const { Deserializer } = process.getBuiltinModule('node:v8');
  const reader = new Deserializer(new Uint8Array(buffer, structureAt));
  Object.assign(reader, {
    // What the writer could not write itself: a view, by its number in the table.
    _readHostObject: () => {
      const at = reader.readUint32() * FIELDS;
      const [kind, memory, offset, length] = views.subarray(at, at + FIELDS) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const Kind = VIEW_KINDS[kind] as ViewKind;
      return new Kind(memory === OWN ? buffer : (others[memory] as SharedArrayBuffer), offset, length);
    },
  });
  reader.readHeader();
  return reader.readValue();
}
