// Thread: both
/** Finds what structured clone refuses inside a value. Run only after it has refused, to name the culprit. */
import { describeValue, messageOf, NotCloneableError } from '../core/errors.ts';

const MAX_DEPTH = 100;
/** Stands for a property whose getter throws. */
const UNREADABLE: unique symbol = Symbol('unreadable');

/** The part of a value that cannot be cloned. */
export interface Culprit {
  /** From the value to the part, such as `.items[3].cb`; empty when it is the value itself. */
  readonly path: string;
  readonly value: unknown;
}

/** Depth first, in the order of the keys; undefined when nothing was found. Never throws. */
export function findCulprit(value: unknown): Culprit | undefined {
  return search(value, '', 0, new Set());
}

/**
 * The error for a value that could not be cloned.
 *
 * @param what whose value it is, such as `exec result of 'sign'`
 * @param cause what structured clone threw
 */
export function notCloneable(what: string, value: unknown, cause: unknown): NotCloneableError {
  const culprit = findCulprit(value);
  const part = culprit === undefined ? what : `${what}${culprit.path === '' ? '' : ` ${culprit.path}`}`;
  const is = culprit === undefined ? `cannot be cloned (${messageOf(cause)})` : `is ${describeCulprit(culprit.value)}`;
  return new NotCloneableError(
    `${part} ${is}, which cannot cross threads: hand over plain data instead`,
    culprit?.path ?? '',
    { cause },
  );
}

/**
 * The error for an object inside a value that is no data.
 *
 * @param what whose value it is, and `why` it cannot be there
 */
export function notData(what: string, value: unknown, foreign: object, why: string): NotCloneableError {
  const path = wayTo(foreign, value, new Set()) ?? '';
  return new NotCloneableError(
    `${what}${path === '' ? '' : ` ${path}`} is ${describeValue(foreign)}, ${why}: hand over plain data instead`,
    path,
  );
}

function wayTo(target: object, value: unknown, seen: Set<object>): string | undefined {
  if (value === target) return '';
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  for (const [step, part] of partsOf(value)) {
    const rest = wayTo(target, part, seen);
    if (rest !== undefined) return step + rest;
  }
  return undefined;
}

function describeCulprit(value: unknown): string {
  return value === UNREADABLE ? 'a property that throws when it is read' : describeValue(value);
}

function search(value: unknown, path: string, depth: number, seen: Set<object>): Culprit | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, value };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  try {
    // Deeper than that the path would help nobody, and the stack has an end.
    for (const [step, part] of depth < MAX_DEPTH ? partsOf(value) : []) {
      const found = search(part, path + step, depth + 1, seen);
      if (found !== undefined) return found;
    }
  } catch {
    // A trap of a proxy: that is the culprit.
  }
  return isCloneable(value) ? undefined : { path, value };
}

/** What structured clone looks into, with the way there: not the properties of errors, dates and the like. */
export function* partsOf(value: object): Iterable<[string, unknown]> {
  if (Array.isArray(value)) {
    for (const key of Object.keys(value)) yield [/^\d+$/.test(key) ? `[${key}]` : stepOf(key), read(value, key)];
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield [`.key(${describeValue(key)})`, key];
      yield [`.get(${describeValue(key)})`, item];
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const item of value) yield [`.values[${index++}]`, item];
  } else if (Object.prototype.toString.call(value) === '[object Object]') {
    for (const key of Object.keys(value)) yield [stepOf(key), read(value, key)];
  }
}

function stepOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

// A getter that throws is what structured clone fails on too.
function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return UNREADABLE;
  }
}

/** Whether structured clone accepts a value; costs a clone. */
export function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
