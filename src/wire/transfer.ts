// Thread: both
/**
 * What a value weighs, and views cut to what they show: structured clone copies the whole buffer behind a view, so a
 * 3-byte Buffer out of Node's pool would ship its slab of up to 64 KiB, with the data of its neighbours.
 */

import { SHARED_BRAND } from '../core/shared.ts';
import type { SharedHandle } from './share.ts';

/** A value ready to be posted. */
export interface Prepared {
  readonly value: unknown;
  /** Estimate: exact for strings and binary data, 8 per number, 16 per container and property. */
  readonly bytes: number;
  /** The shared values in it; they weigh no more than their ids. */
  readonly shared: readonly SharedHandle[];
}

const CONTAINER_BYTES = 16;
const SCALAR_BYTES = 8;
const NONE: readonly SharedHandle[] = [];
/** Objects that are data and have nothing inside to look into. */
const LEAVES: ReadonlySet<string> = new Set(
  ['Date', 'RegExp', 'Error', 'ArrayBuffer', 'SharedArrayBuffer', 'Boolean', 'Number', 'String', 'BigInt'].map(
    (name) => `[object ${name}]`,
  ),
);

type ViewKind = new (buffer: ArrayBuffer) => ArrayBufferView;
const TypedArray = Object.getPrototypeOf(Uint8Array) as abstract new () => Uint8Array;
const VIEW_KINDS: readonly ViewKind[] = [
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
  // Node 24 and later.
  (globalThis as { Float16Array?: ViewKind }).Float16Array,
].filter((kind) => kind !== undefined);

/** Weighs a value and cuts its views. Returns the same value when there was nothing to cut; never changes it, never throws. */
export function prepareForWire(value: unknown): Prepared {
  if (typeof value !== 'object' || value === null) return { value, bytes: bytesOfScalar(value), shared: NONE };
  const survey: Survey = { bytes: 0, oversized: false, seen: undefined, shared: undefined, foreign: undefined };
  try {
    weigh(value, survey);
    const whole = survey.oversized ? cut(value, new Map()) : value;
    return { value: whole, bytes: survey.bytes, shared: survey.shared ?? NONE };
  } catch {
    // A getter or a proxy that throws, or nesting too deep for the stack: it is for structured clone to refuse it.
    return { value, bytes: survey.bytes, shared: NONE };
  }
}

/**
 * What a value weighs, and the shared values in it. Never throws.
 *
 * @returns also the first object in it that is no data but has, if any, a way of its own to cross threads: a Blob, a promise
 */
export function surveyOf(value: unknown): Omit<Prepared, 'value'> & { readonly foreign: object | undefined } {
  const survey: Survey = { bytes: 0, oversized: false, seen: undefined, shared: undefined, foreign: undefined };
  try {
    weigh(value, survey);
  } catch {
    // As above: what was seen so far is the answer.
  }
  return { bytes: survey.bytes, shared: survey.shared ?? NONE, foreign: survey.foreign };
}

/** A copy of what structured clone takes of a value, so that later changes do not reach it. Never throws. */
export function detach(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    // A typed array, the usual scratch memory, at a third of the cost. (Buffer has a slice that shares; subclasses call back.)
    if (value instanceof TypedArray && !isShared(value.buffer) && VIEW_KINDS.includes(value.constructor as ViewKind)) {
      return value.slice();
    }
    return structuredClone(value);
  } catch {
    return value;
  }
}

interface Survey {
  bytes: number;
  oversized: boolean;
  shared: SharedHandle[] | undefined;
  /** The first object that is no data. */
  foreign: object | undefined;
  /** Containers inside the outermost one; most inputs have none, and a Set per dispatch is felt. */
  seen: Set<object> | undefined;
}

function weigh(value: unknown, survey: Survey): void {
  if (typeof value !== 'object' || value === null) {
    survey.bytes += bytesOfScalar(value);
    return;
  }
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain && isSharedHandle(value)) {
    const isNew = isFirstTime(value, survey);
    survey.bytes += SCALAR_BYTES;
    if (isNew) (survey.shared ??= []).push(value);
    return;
  }
  const keys = isPlain || isPlainLike(value) ? Object.keys(value) : undefined;
  // Records of scalars cannot be part of a cycle: entering each of them into a Set would take half of the time.
  if (keys !== undefined && weighScalars(value, keys, survey)) return;
  if (!isFirstTime(value, survey)) return;
  survey.bytes += CONTAINER_BYTES;
  if (keys !== undefined) {
    for (const key of keys) {
      survey.bytes += key.length + SCALAR_BYTES;
      weigh((value as Record<string, unknown>)[key], survey);
    }
  } else if (ArrayBuffer.isView(value)) {
    // Shared memory is not copied, so nothing is gained by cutting it, and sharing would be lost.
    if (isShared(value.buffer)) return;
    survey.bytes += value.byteLength;
    if (value.byteLength < value.buffer.byteLength) survey.oversized = true;
  } else if (value instanceof ArrayBuffer) {
    survey.bytes += value.byteLength;
  } else if (Array.isArray(value)) {
    for (const item of value) weigh(item, survey);
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      weigh(key, survey);
      weigh(item, survey);
    }
  } else if (value instanceof Set) {
    for (const item of value) weigh(item, survey);
  } else if (!LEAVES.has(tagOf(value))) {
    survey.foreign ??= value;
  }
}

/** Weighs an object that has no objects in it; false, and nothing done, when it has. */
function weighScalars(value: object, keys: readonly string[], survey: Survey): boolean {
  let bytes = CONTAINER_BYTES;
  for (const key of keys) {
    const property = (value as Record<string, unknown>)[key];
    if (typeof property === 'object' && property !== null) return false;
    bytes += key.length + SCALAR_BYTES + bytesOfScalar(property);
  }
  survey.bytes += bytes;
  return true;
}

function isFirstTime(value: object, survey: Survey): boolean {
  // The outermost is not entered: it comes again only in a cycle, and then once.
  if (survey.bytes === 0) return true;
  survey.seen ??= new Set();
  if (survey.seen.has(value)) return false;
  survey.seen.add(value);
  return true;
}

function bytesOfScalar(value: unknown): number {
  return typeof value === 'string' ? value.length + SCALAR_BYTES : SCALAR_BYTES;
}

function isShared(buffer: ArrayBufferLike): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}

function isSharedHandle(value: object): value is SharedHandle {
  return (value as { readonly [SHARED_BRAND]?: unknown })[SHARED_BRAND] === true;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

// Objects that structured clone copies property by property; Date, RegExp, Error, Blob and others have a form of their own.
function isPlainLike(value: object): boolean {
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && tagOf(value) === '[object Object]';
}

// The memo is filled before the recursion, which keeps cycles and shared references.
function cut(value: unknown, memo: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = memo.get(value);
  if (known !== undefined) return known;
  if (ArrayBuffer.isView(value)) {
    const asItIs = isShared(value.buffer) || value.byteLength === value.buffer.byteLength;
    const made = asItIs ? value : copyView(value);
    memo.set(value, made);
    return made;
  }
  if (Array.isArray(value)) {
    const made: unknown[] = [];
    made.length = value.length;
    memo.set(value, made);
    // Not the indices alone: what String.match returns has named properties, and structured clone keeps them.
    for (const key of Object.keys(value))
      define(made, key, cut((value as unknown as Record<string, unknown>)[key], memo));
    return made;
  }
  if (value instanceof Map) {
    const made = new Map<unknown, unknown>();
    memo.set(value, made);
    for (const [key, item] of value) made.set(cut(key, memo), cut(item, memo));
    return made;
  }
  if (value instanceof Set) {
    const made = new Set<unknown>();
    memo.set(value, made);
    for (const item of value) made.add(cut(item, memo));
    return made;
  }
  if (isSharedHandle(value) || !isPlainLike(value)) return value;
  const keys = Object.keys(value);
  // Classes of Node with a way of their own to cross threads (BlockList, KeyObject) show nothing.
  if (keys.length === 0) return value;
  const made: Record<string, unknown> = {};
  memo.set(value, made);
  for (const key of keys) define(made, key, cut((value as Record<string, unknown>)[key], memo));
  return made;
}

// Not by assignment: a key may be '__proto__'.
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function copyView(view: ArrayBufferView): ArrayBufferView {
  // As structured clone gives it: a Buffer and other subclasses arrive as what they extend.
  const Kind = VIEW_KINDS.find((kind) => view instanceof kind);
  return Kind === undefined
    ? view
    : new Kind(new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer);
}
