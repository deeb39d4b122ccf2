// Thread: both
/** Finds what structured clone refuses inside a value. Run only after it has refused, to name the culprit. */
import { describeValue, NotCloneableError } from '../core/errors.ts';

/** The part of a value that cannot be cloned. */
export interface Culprit {
  /** From the value to the part, such as `.items[3].cb`; empty when it is the value itself. */
  readonly path: string;
  readonly value: unknown;
}

/** Depth first, in the order of the keys; undefined when nothing was found. */
export function findCulprit(value: unknown): Culprit | undefined {
  return search(value, '', new Set());
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
  const is = culprit === undefined ? `cannot be cloned (${String(cause)})` : `is ${describeValue(culprit.value)}`;
  return new NotCloneableError(`${part} ${is}, which cannot cross threads: hand over plain data instead`, culprit?.path ?? '', { cause });
}

function search(value: unknown, path: string, seen: Set<object>): Culprit | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, value };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  for (const [step, part] of partsOf(value)) {
    const found = search(part, path + step, seen);
    if (found !== undefined) return found;
  }
  return isCloneable(value) ? undefined : { path, value };
}

function* partsOf(value: object): Iterable<[string, unknown]> {
  if (ArrayBuffer.isView(value)) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) yield [`[${index}]`, value[index]];
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield [`.key(${describeValue(key)})`, key];
      yield [`.get(${describeValue(key)})`, item];
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const item of value) yield [`.values[${index++}]`, item];
  } else {
    for (const key of Object.keys(value)) yield [/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`, read(value, key)];
  }
}

// A getter that throws is what structured clone fails on too; the object that holds it is then the culprit.
function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
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
