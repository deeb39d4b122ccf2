// Thread: main
/**
 * What the thread of a lease has been told: execs, common values, shared values. Each is sent once per lease, in front of the
 * first execution that needs it, and known by a number from then on.
 *
 * T1 A message that names a number comes after the message that gives the number its meaning.
 * T2 When the thread misses something (it lets go of shared values that have not been read for long), all is told anew.
 */
import type { BoundExec } from '../node.ts';
import type { SharedIds, ToThread } from '../wire/messages.ts';
import type { SharedHandle } from '../wire/share.ts';
import { prepareForWire } from '../wire/transfer.ts';
import type { CommonValue } from './execution.ts';
import type { Numbering } from './numbering.ts';
import type { SharedLedger } from './shared-ledger.ts';

export class Told {
  readonly #numbers: Numbering;
  readonly #ledger: SharedLedger;
  readonly #execs = new Set<number>();
  readonly #commons = new Set<number>();
  readonly #shared = new Set<number>();

  constructor(numbers: Numbering, ledger: SharedLedger) {
    this.#numbers = numbers;
    this.#ledger = ledger;
  }

  /** Puts the definition of an exec into `out` if the thread needs it; returns its number. */
  exec(exec: BoundExec<unknown, unknown>, out: ToThread[]): number {
    const id = this.#numbers.ofExec(exec);
    if (!this.#execs.has(id)) {
      this.#execs.add(id);
      out.push(['define', id, exec.key, exec.url, exec.name, exec.params]);
    }
    return id;
  }

  /** Puts a common value into `out` if the thread needs it; returns its number (0 for none), and the bytes of what was put. */
  common(common: CommonValue | undefined, out: ToThread[]): { readonly id: number; readonly bytes: number } {
    if (common === undefined) return NO_COMMON;
    const id = this.#numbers.ofCommon(common);
    if (this.#commons.has(id)) return { id, bytes: 0 };
    this.#commons.add(id);
    const { value, bytes, shared } = prepareForWire(common.value);
    const snapshot = Object.entries((common.snapshot ?? {}) as Record<string, SharedHandle>);
    const all = this.shared([...shared, ...snapshot.map(([, handle]) => handle)], out);
    const ids = common.snapshot && Object.fromEntries(snapshot.map(([key, handle]) => [key, handle.id]));
    out.push(['common', id, value, ids, all]);
    return { id, bytes };
  }

  /** Puts the images of shared values into `out` that the thread needs; returns the ids of all, those inside them included. */
  shared(handles: readonly SharedHandle[], out: ToThread[]): SharedIds {
    if (handles.length === 0) return 0;
    const [first] = handles as readonly [SharedHandle];
    // The usual case by far.
    if (handles.length === 1 && first.inner.length === 0) {
      this.#share(first, out);
      return first.id;
    }
    const all = new Set(handles);
    // It grows meanwhile.
    for (const handle of all) for (const inner of handle.inner) all.add(inner);
    for (const handle of all) this.#share(handle, out);
    return all.size === 1 ? first.id : Array.from(all, (handle) => handle.id);
  }

  /** Takes out of `ids` and of what the thread knows: shared values that are gone. Returns those that it knew. */
  unshare(ids: readonly number[]): readonly number[] {
    return ids.filter((id) => this.#shared.delete(id));
  }

  /** Takes a common value out; false when the thread has not been told of it. */
  dropCommon(id: number): boolean {
    return this.#commons.delete(id);
  }

  /** T2 */
  forget(): void {
    this.#execs.clear();
    this.#commons.clear();
    this.#shared.clear();
  }

  #share(handle: SharedHandle, out: ToThread[]): void {
    if (this.#shared.has(handle.id)) return;
    this.#shared.add(handle.id);
    this.#ledger.add(handle.id);
    out.push(['share', handle.id, handle.tell()]);
  }
}

const NO_COMMON = { id: 0, bytes: 0 } as const;
