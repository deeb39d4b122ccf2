// Thread: worker
/**
 * A copy of the fields of a log line, made when the line is logged: they may change before it is sent.
 *
 * F1 Nothing here throws, and structured clone accepts the copy. What it refuses is described where it stands, what cannot be
 *    read is undefined; all around it is as it was.
 * F2 Errors travel as those that are thrown do, since structured clone would drop their name and code.
 * F3 The work is bounded: a part that is too deep or too large is taken as a whole, as structured clone gives it, or described.
 */
import { encodeError, isPlainObject } from '../core/error-codec.ts';
import { attempt, describeValue, fieldOf, isError } from '../core/errors.ts';
import type { PlacedError } from '../wire/messages.ts';
import { prepareForWire } from '../wire/transfer.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface CopiedFields {
  /** Without the errors: their places are free. */
  readonly plain: Fields | undefined;
  /** Undefined when there are none. */
  readonly errors: readonly PlacedError[] | undefined;
  readonly bytes: number;
}

const MAX_DEPTH = 32;
/** Of the values in one line. */
const MAX_VALUES = 10_000;
/** An error is as much work as so many values. */
const ERROR_VALUES = 100;

export function copyFields(fields: Fields | undefined): CopiedFields {
  if (fields === undefined) return { plain: undefined, errors: undefined, bytes: 0 };
  const copier = new Copier();
  const plain: Record<string, unknown> = {};
  copier.properties(
    plain,
    fields,
    attempt(() => Object.keys(fields), []),
    0,
  );
  const errors = copier.errors.length === 0 ? undefined : copier.errors;
  return { plain, errors, bytes: prepareForWire(errors === undefined ? plain : [plain, errors]).bytes };
}

class Copier {
  readonly errors: PlacedError[] = [];
  /** Of containers, so that what holds itself, or is held twice, still does. */
  readonly #copies = new Map<object, object>();
  #valuesLeft = MAX_VALUES;

  /** Copies the properties of an object or array. */
  properties(copy: Record<string, unknown>, original: object, keys: readonly string[], depth: number): void {
    this.#copies.set(original, copy);
    this.#valuesLeft -= keys.length;
    for (const key of keys) {
      const value = fieldOf(original, key);
      set(copy, key, this.#isPlaced(copy, key, value) ? undefined : this.#copyOf(value, depth));
    }
  }

  #copyOf(value: unknown, depth: number): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') return describeValue(value);
    if (typeof value !== 'object' || value === null) return value;
    return this.#copies.get(value) ?? this.#container(value, depth + 1) ?? wholeOf(value);
  }

  // Undefined for what is none, and beyond the bounds.
  #container(value: object, depth: number): object | undefined {
    if (depth > MAX_DEPTH) return undefined;
    return attempt(() => {
      if (Array.isArray(value)) {
        if (value.length > this.#valuesLeft) return undefined;
        const copy: unknown[] = [];
        copy.length = value.length;
        this.properties(copy as unknown as Record<string, unknown>, value, Object.keys(value), depth);
        return copy;
      }
      if (value instanceof Map) return value.size > this.#valuesLeft ? undefined : this.#map(value, depth);
      if (value instanceof Set) return value.size > this.#valuesLeft ? undefined : this.#set(value, depth);
      if (!isPlainObject(value)) return undefined;
      const keys = Object.keys(value);
      if (keys.length > this.#valuesLeft) return undefined;
      const copy: Record<string, unknown> = {};
      this.properties(copy, value, keys, depth);
      return copy;
    }, undefined);
  }

  // By the methods of Map and Set themselves: subclasses may have others.

  #map(original: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    this.#copies.set(original, copy);
    this.#valuesLeft -= original.size;
    Map.prototype.forEach.call(original, (value: unknown, originalKey: unknown) => {
      const key = this.#copyOf(originalKey, depth);
      copy.set(key, this.#isPlaced(copy, key, value) ? undefined : this.#copyOf(value, depth));
    });
    return copy;
  }

  // Its errors come last: there is no place that could be kept free.
  #set(original: Set<unknown>, depth: number): Set<unknown> {
    const copy = new Set<unknown>();
    this.#copies.set(original, copy);
    this.#valuesLeft -= original.size;
    Set.prototype.forEach.call(original, (value: unknown) => {
      if (!this.#isPlaced(copy, undefined, value)) copy.add(this.#copyOf(value, depth));
    });
    return copy;
  }

  // Whether it is an error, and so goes beside the copy (F2).
  #isPlaced(holder: object, key: unknown, value: unknown): boolean {
    if (typeof value !== 'object' || value === null || this.#valuesLeft < 0 || !isError(value)) return false;
    this.#valuesLeft -= ERROR_VALUES;
    this.errors.push([holder, key, encodeError(value)]);
    return true;
  }
}

/** What has a form of its own for structured clone (dates, typed arrays, instances of classes), and what it refuses. */
function wholeOf(value: object): unknown {
  try {
    return structuredClone(prepareForWire(value).value);
  } catch {
    return describeValue(value);
  }
}

function set(target: Record<string, unknown>, key: string, value: unknown): void {
  // An assignment to that name would set the prototype.
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}
