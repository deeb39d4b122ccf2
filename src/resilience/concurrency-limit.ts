/**
 * At most so many holders at once; the others wait: by priority, then in the order of their coming.
 *
 * L1 `holders` never exceeds `limit`, and no one waits while it is below.
 * L2 Who enters may leave at once: admitting is a loop, so the stack does not grow with the number that wait.
 */
import { Heap, type Heaped } from '../core/heap.ts';

/** For whom a place is asked. */
export interface Guest {
  /** Higher ones enter first. */
  readonly priority: number;
}

/** How a guest stands: places it waits for, and places of others that come before its first. */
export interface Standing {
  readonly waiting: number;
  readonly ahead: number;
}

interface Place extends Heaped {
  readonly guest: Guest;
  readonly order: number;
  readonly enter: () => void;
}

const ANYBODY: Guest = { priority: 0 };

export class ConcurrencyLimit {
  readonly limit: number;
  readonly #waiting = new Heap<Place>(isBefore);
  #holders = 0;
  #order = 0;
  #isAdmitting = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  get holders(): number {
    return this.#holders;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a request would be granted at once. */
  get hasRoom(): boolean {
    return this.#holders < this.limit;
  }

  /**
   * Calls `enter` as soon as there is room, at once if there is now. Each entry must be given back with `leave`.
   *
   * @returns takes the request back; false when `enter` has been called, or it was taken back before
   */
  request(enter: () => void, guest: Guest = ANYBODY): () => boolean {
    this.#order += 1;
    const place: Place = { guest, order: this.#order, enter, heapIndex: -1 };
    this.#waiting.push(place);
    this.#admit();
    return () => {
      if (place.heapIndex < 0) return false;
      this.#waiting.remove(place);
      return true;
    };
  }

  leave(): void {
    this.#holders -= 1;
    this.#admit();
  }

  /** How a guest stands at this moment. */
  standingOf(guest: Guest): Standing {
    const own = this.#waiting.items.filter((place) => place.guest === guest);
    const [first] = own.toSorted((a, b) => a.order - b.order);
    const ahead = first === undefined ? [] : this.#waiting.items.filter((place) => isBefore(place, first));
    return { waiting: own.length, ahead: ahead.length };
  }

  #admit(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    while (this.#holders < this.limit) {
      const place = this.#waiting.first();
      if (place === undefined) break;
      this.#waiting.remove(place);
      this.#holders += 1;
      place.enter();
    }
    this.#isAdmitting = false;
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.guest.priority === b.guest.priority ? a.order < b.order : a.guest.priority > b.guest.priority;
}
