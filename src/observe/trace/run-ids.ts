/**
 * The ids of runs, in a ring. Those that cano makes are UUIDs and are kept as numbers: strings would be alive for as long as the
 * ring has them, and moving them from the young heap to the old one costs more than all the rest of recording.
 */

const HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);
const LENGTH = 36;
const PARTS = 4;
const HYPHEN = 45;
/** In the first part: it is no UUID, but a string. */
const IS_TEXT = -1;

/** The value of each character code; 16 for what is no hexadecimal digit as a UUID is written. */
const DIGITS = Uint8Array.from({ length: 128 }, (_value, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code));
  return digit < 0 ? 16 : digit;
});

export class RunIds {
  readonly #size: number;
  readonly #parts: Float64Array;
  readonly #texts: string[] = [];
  #last = '';
  #slot = 0;

  constructor(size: number) {
    this.#size = size;
    this.#parts = new Float64Array(size * PARTS);
    this.#parts[0] = IS_TEXT;
  }

  /** The slot of an id: that of the one before when it is the same, else the next one. */
  slotOf(id: string): number {
    if (id !== this.#last) this.#take(id);
    return this.#slot;
  }

  /** What a slot holds now. */
  at(slot: number): string {
    const parts = this.#parts.subarray(slot * PARTS, (slot + 1) * PARTS);
    if (parts[0] === IS_TEXT) return this.#texts[slot] ?? '';
    const hex = Array.from(parts, (part) => part.toString(16).padStart(8, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  #take(id: string): void {
    this.#last = id;
    this.#slot = this.#slot + 1 === this.#size ? 0 : this.#slot + 1;
    if (!this.#isUuid(id)) {
      this.#parts[this.#slot * PARTS] = IS_TEXT;
      this.#texts[this.#slot] = id;
    }
  }

  // Whether it is one, written as cano writes it; its parts are in the slot then.
  #isUuid(id: string): boolean {
    if (id.length !== LENGTH) return false;
    let at = this.#slot * PARTS;
    let part = 0;
    let digits = 0;
    for (let index = 0; index < LENGTH; index += 1) {
      const code = id.charCodeAt(index);
      if (code === HYPHEN) {
        if (!HYPHENS.has(index)) return false;
        continue;
      }
      const digit = code < 128 ? (DIGITS[code] as number) : 16;
      if (digit === 16) return false;
      part = part * 16 + digit;
      digits += 1;
      if (digits % 8 === 0) {
        this.#parts[at] = part;
        at += 1;
        part = 0;
      }
    }
    return digits === 32;
  }
}
