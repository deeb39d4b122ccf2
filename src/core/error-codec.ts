// Thread: both
/**
 * Errors across a thread boundary. Structured clone keeps message, stack and cause of a built-in error and drops the
 * rest (class, name, code, own properties, AggregateError.errors), so errors travel as plain records.
 *
 * C1 Encoding never throws, whatever was thrown, and structured clone always accepts what it returns.
 * C2 Its work is bounded: by depth, by a number of errors and by the size of their properties, also where they are cyclic.
 */
import * as errors from './errors.ts';

/** A thrown value as plain cloneable data. */
export type WireError =
  | {
      readonly kind: 'error';
      /** Nearest ancestor class that both sides know. */
      readonly base: string;
      readonly name: string;
      readonly message: string;
      readonly stack?: string | undefined;
      readonly cause?: WireError;
      readonly errors?: readonly WireError[];
      readonly props?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'value'; readonly value: unknown };

type ErrorClass = abstract new (...args: never[]) => Error;

const BUILT_IN: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  URIError,
  EvalError,
  AggregateError,
];
const CLASSES: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ...BUILT_IN.map((known): [string, ErrorClass] => [known.name, known]),
  ...Object.entries(errors).filter((entry): entry is [string, typeof errors.CanoError] => isErrorClass(entry[1])),
]);
/** By prototype and not by the name of the constructor, which a minifier shortens and user code may share. */
const NAMES: ReadonlyMap<unknown, string> = new Map(Array.from(CLASSES, ([name, known]) => [known.prototype, name]));

const MAX_DEPTH = 5;
const MAX_ERRORS = 100;
/** Characters of text plus number of values, over the properties of all errors of one encoding. */
const MAX_PROPS_SIZE = 65_536;
const OWN_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);
const NOT_PLAIN: unique symbol = Symbol('not plain');

interface Encoding {
  errorsLeft: number;
  sizeLeft: number;
  /** The errors around the one at work; meeting one of them again is a cycle. */
  readonly path: Set<unknown>;
}

/**
 * Turns anything that was thrown into cloneable data; never throws itself. Kept are name, message, stack, causes five deep,
 * the errors of an AggregateError (100 in all) and own properties that are plain data. A value that is neither an error nor
 * plain data becomes its description.
 */
export function encodeError(thrown: unknown): WireError {
  return encode(thrown, { errorsLeft: MAX_ERRORS, sizeLeft: MAX_PROPS_SIZE, path: new Set() });
}

/** Rebuilds what `encodeError` was given: class where both sides know it, else the nearest known one with the right `name`. */
export function decodeError(wire: WireError): unknown {
  if (wire.kind === 'value') return wire.value;
  const error = blankError(
    wire.base === 'AggregateError' ? (wire.errors ?? []).map((inner) => decodeError(inner)) : undefined,
    wire.message,
  );
  // Made by Error and given its class afterwards: constructors differ, and only so it stays a native error.
  Object.setPrototypeOf(error, (CLASSES.get(wire.base) ?? Error).prototype as object);
  // Before the properties: replacing the stack formats the old one, which calls the error's toString.
  define(error, 'stack', wire.stack ?? `${wire.name}: ${wire.message}`, false);
  for (const [key, value] of Object.entries(wire.props ?? {})) define(error, key, value, true);
  define(error, 'name', wire.name, false);
  if (wire.cause !== undefined) define(error, 'cause', decodeError(wire.cause), false);
  return error;
}

// Without a stack trace of its own: capturing one and formatting it, only to replace it, costs 20 times the rest.
function blankError(inner: readonly unknown[] | undefined, message: string): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const error = inner === undefined ? new Error(message) : new AggregateError(inner, message);
  Error.stackTraceLimit = limit;
  return error;
}

function encode(thrown: unknown, encoding: Encoding): WireError {
  if (!errors.isError(thrown)) {
    const copy = plainCopyOf(() => thrown, encoding);
    return { kind: 'value', value: copy === NOT_PLAIN ? errors.describeValue(thrown) : copy };
  }
  if (encoding.path.has(thrown)) return { kind: 'value', value: '[Circular]' };
  encoding.errorsLeft -= 1;
  encoding.path.add(thrown);
  const base = knownBaseOf(thrown);
  const message = errors.fieldOf(thrown, 'message') ?? '';
  const stack = errors.fieldOf(thrown, 'stack');
  const wire: WireError = {
    kind: 'error',
    base,
    name: errors.nameOf(thrown),
    message: typeof message === 'string' ? message : errors.describeValue(message),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...plainPropsOf(thrown, base, encoding),
    ...(encoding.path.size <= MAX_DEPTH ? innerErrorsOf(thrown, base, encoding) : {}),
  };
  encoding.path.delete(thrown);
  return wire;
}

function innerErrorsOf(error: Error, base: string, encoding: Encoding): { cause?: WireError; errors?: WireError[] } {
  const inner: { cause?: WireError; errors?: WireError[] } = {};
  if (errors.attempt(() => 'cause' in error, false)) inner.cause = encode(errors.fieldOf(error, 'cause'), encoding);
  if (base !== 'AggregateError') return inner;
  inner.errors = [];
  for (const item of listOf(errors.fieldOf(error, 'errors'))) {
    if (encoding.errorsLeft <= 0) break;
    inner.errors.push(encode(item, encoding));
  }
  return inner;
}

/** The first items of an array as they are; nothing when it is no array or cannot be read. */
function listOf(value: unknown): readonly unknown[] {
  return errors.attempt(
    () =>
      Array.isArray(value)
        ? Array.from({ length: Math.min(value.length, MAX_ERRORS) }, (_, i) => value[i] as unknown)
        : [],
    [],
  );
}

function plainPropsOf(error: Error, base: string, encoding: Encoding): { props?: Record<string, unknown> } {
  const props: Record<string, unknown> = {};
  let found = false;
  for (const key of errors.attempt(() => Object.keys(error), [])) {
    if (OWN_FIELDS.has(key) || (key === 'errors' && base === 'AggregateError')) continue;
    const sizeLeft = encoding.sizeLeft;
    const copy = plainCopyOf(() => (error as unknown as Readonly<Record<string, unknown>>)[key], encoding);
    if (copy === NOT_PLAIN) {
      encoding.sizeLeft = sizeLeft;
    } else {
      define(props, key, copy, true);
      found = true;
    }
  }
  return found ? { props } : {};
}

/**
 * A copy of plain data, because the original may change before it is sent; NOT_PLAIN for all else, for what is large and
 * for what cannot be read.
 */
function plainCopyOf(read: () => unknown, encoding: Encoding): unknown {
  return errors.attempt(() => copyPlain(read(), 0, encoding), NOT_PLAIN);
}

function copyPlain(value: unknown, depth: number, encoding: Encoding): unknown {
  encoding.sizeLeft -= typeof value === 'string' ? value.length + 1 : 1;
  if (encoding.sizeLeft < 0 || typeof value === 'function' || typeof value === 'symbol') return NOT_PLAIN;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH || !(Array.isArray(value) || isPlainObject(value))) return NOT_PLAIN;
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    const item = copyPlain((value as Readonly<Record<PropertyKey, unknown>>)[key], depth + 1, encoding);
    if (item === NOT_PLAIN) return NOT_PLAIN;
    define(copy, key, item, true);
  }
  return copy;
}

/** An object literal of any realm, or one without prototype. */
export function isPlainObject(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === null || Object.getPrototypeOf(proto) === null;
}

// Defined and not assigned: a key may be '__proto__', and a field may be read-only on the prototype.
function define(target: object, key: PropertyKey, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable });
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && (value === errors.CanoError || value.prototype instanceof errors.CanoError);
}

function knownBaseOf(error: Error): string {
  return errors.attempt(() => {
    for (let proto: unknown = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
      const name = NAMES.get(proto) ?? twinOf(proto as object, error);
      if (name !== undefined) return name;
    }
    return 'Error';
  }, 'Error');
}

/** The name of the known class whose twin from another realm or another copy of cano this prototype belongs to. */
function twinOf(proto: object, error: Error): string | undefined {
  const constructor = errors.fieldOf(proto, 'constructor');
  if (typeof constructor !== 'function') return undefined;
  const known = CLASSES.get(constructor.name);
  if (known === undefined) return undefined;
  // A user's own class of such a name is neither native code nor does it carry a code of cano.
  const isTwin = BUILT_IN.includes(known)
    ? Function.prototype.toString.call(constructor).endsWith('{ [native code] }')
    : errors.isCanoError(error);
  return isTwin ? constructor.name : undefined;
}
