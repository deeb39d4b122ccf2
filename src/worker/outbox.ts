// Thread: worker
/**
 * Results on their way to the main thread, gathered so that one message carries a burst.
 *
 * O1 Results of one execution leave in the order of its items.
 * O2 A result that cannot be cloned fails its own item only.
 * O3 `flush` is called before anything that may take long and when there is nothing left to do, so a result waits at most
 *    `MAX_AGE_MS` behind short executions.
 * O4 A result is sent as it was when exec returned it, though user code may run before it leaves: whoever lets user code run
 *    calls `keep` first. (Execs that give back the same array each time are natural where speed matters.)
 */
import { encodeError } from '../core/error-codec.ts';
import { notCloneable } from '../wire/clone-check.ts';
import type { FromThread, ItemFailure, Results, Value } from '../wire/messages.ts';
import { detach, prepareForWire } from '../wire/transfer.ts';

const MAX_AGE_MS = 20;
const MAX_BYTES = 64 * 1024;
const MAX_MESSAGES = 64;
/** Objects and arrays that weigh more are dearer to copy than a message of their own is to send. */
const DEAR_OBJECT_BYTES = 4 * 1024;
const DEAR_ARRAY_BYTES = 32 * 1024;
/** Index of the value in a `Value` message. */
const VALUE_AT = 5;

/** Results of one execution since its last message. `add` takes them out; after the last nobody looks at it again. */
export interface Section {
  readonly slot: number;
  readonly generation: number;
  readonly name: string;
  from: number;
  startedAt: number;
  ends: number[];
  values: unknown[];
  failures: ItemFailure[] | null;
  bytes: number;
  /** User code may still change the last of `values`. */
  isLoose: boolean;
}

/** A section at the start of its execution. */
export function newSection(slot: number, generation: number, name: string, startedAt: number): Section {
  return { slot, generation, name, from: 0, startedAt, ends: [], values: [], failures: null, bytes: 0, isLoose: false };
}

export class Outbox {
  readonly #post: (batch: readonly FromThread[]) => void;
  #messages: (Results | Value)[] = [];
  #names: string[] = [];
  #bytes = 0;
  #oldest = 0;
  /** Where the last result is while user code may still change it: a message, or the list of values in it. */
  #loose: unknown[] | undefined;
  #looseAt = 0;

  constructor(post: (batch: readonly FromThread[]) => void) {
    this.#post = post;
  }

  /** Adds a value to a section. */
  static addValue(section: Section, value: unknown, endedAt: number): void {
    const prepared = prepareForWire(value);
    section.values.push(prepared.value);
    section.ends.push(endedAt);
    section.bytes += prepared.bytes;
    section.isLoose = typeof value === 'object' && value !== null;
  }

  /** Whether the last result is better sent than kept. */
  static isDear(section: Section): boolean {
    return section.isLoose && isDear(section.values.at(-1), section.bytes);
  }

  /** User code is about to run again: takes the last result out of its reach. */
  static keep(section: Section): void {
    if (!section.isLoose) return;
    section.isLoose = false;
    detachAt(section.values, section.values.length - 1);
  }

  /** Adds an item that failed. */
  static addFailure(section: Section, error: unknown, stopped: boolean, endedAt: number): void {
    section.failures ??= [];
    section.failures.push([section.values.length, stopped, encodeError(error)]);
    section.values.push(undefined);
    section.ends.push(endedAt);
    section.isLoose = false;
  }

  /** Whether a section has gathered enough to be sent before its execution ends. */
  static isDue(section: Section, now: number): boolean {
    return section.values.length > 0 && (section.bytes >= MAX_BYTES || now - section.startedAt >= MAX_AGE_MS);
  }

  /** Takes what a section has gathered; `last` when its execution has ended. */
  add(section: Section, last: boolean, now: number): void {
    if (this.#messages.length === 0) this.#oldest = now;
    const { slot, generation, from, startedAt, ends, values, failures, bytes } = section;
    this.#names.push(section.name);
    this.#bytes += bytes;
    if (last && from === 0 && values.length === 1 && failures === null) {
      const message: Value = ['value', slot, generation, startedAt, ends[0] as number, values[0], bytes];
      this.#messages.push(message);
      this.#loose = section.isLoose ? (message as unknown as unknown[]) : undefined;
      this.#looseAt = VALUE_AT;
      return;
    }
    this.#messages.push(['results', slot, generation, from, startedAt, ends, values, failures, bytes, last]);
    this.#loose = section.isLoose ? values : undefined;
    this.#looseAt = values.length - 1;
    section.isLoose = false;
    section.from = from + values.length;
    section.startedAt = ends.at(-1) ?? startedAt;
    section.ends = [];
    section.values = [];
    section.failures = null;
    section.bytes = 0;
  }

  /** Whether results have waited long enough, or are enough, to be sent. */
  isDue(now: number): boolean {
    return (
      this.#messages.length > 0 &&
      (now - this.#oldest >= MAX_AGE_MS || this.#messages.length >= MAX_MESSAGES || this.#bytes >= MAX_BYTES)
    );
  }

  /** User code is about to run again: takes the last result out of its reach. */
  keep(): void {
    const loose = this.#loose;
    if (loose === undefined) return;
    this.#loose = undefined;
    if (isDear(loose[this.#looseAt], this.#bytes)) this.flush();
    else detachAt(loose, this.#looseAt);
  }

  flush(): void {
    if (this.#messages.length === 0) return;
    this.#loose = undefined;
    const [messages, names] = [this.#messages, this.#names];
    this.#messages = [];
    this.#names = [];
    this.#bytes = 0;
    try {
      this.#post(messages);
    } catch {
      // One value refuses to be cloned and takes the whole post down: each goes alone, and the culprit is found there.
      messages.forEach((message, index) => this.#postOne(message, names[index] as string));
    }
  }

  #postOne(message: Results | Value, name: string): void {
    try {
      this.#post([message]);
    } catch {
      this.#post([withoutCulprits(message[0] === 'value' ? asResults(message) : message, name)]);
    }
  }
}

function isDear(value: unknown, bytes: number): boolean {
  return bytes >= (ArrayBuffer.isView(value) ? DEAR_ARRAY_BYTES : DEAR_OBJECT_BYTES);
}

function detachAt(list: unknown[], at: number): void {
  list[at] = detach(list[at]);
}

function asResults([, slot, generation, startedAt, endedAt, value, bytes]: Value): Results {
  return ['results', slot, generation, 0, startedAt, [endedAt], [value], null, bytes, true];
}

function withoutCulprits(message: Results, name: string): Results {
  const [type, slot, generation, from, startedAt, ends, values, failures, bytes, last] = message;
  const failed: ItemFailure[] = [...(failures ?? [])];
  const kept = values.map((value, offset) => {
    try {
      structuredClone(value);
      return value;
    } catch (error) {
      failed.push([offset, false, encodeError(notCloneable(`${name}: exec result`, value, error))]);
      return undefined;
    }
  });
  return [type, slot, generation, from, startedAt, ends, kept, failed, bytes, last];
}
