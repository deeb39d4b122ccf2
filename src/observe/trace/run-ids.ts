/**
 * The ids of runs, in a ring. Those that cano makes are UUIDs and are kept as numbers: strings would be alive for as long as the
 * ring has them, and moving them from the young heap to the old one costs more than all the rest of recording.
 */

const LENGTH = 36;
const PARTS = 4;
const HYPHEN = 45;

/** The value of each character code; -1 for what is no hexadecimal digit as a UUID is written. */
const DIGITS = Int32Array.from({ length: 128 }, (_value, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

export class RunIds {
  readonly #size: number;
  readonly #parts: Uint32Array;
  /** What is no UUID, by its slot. */
  readonly #texts = new Map<number, string>();
  #slot = 0;

  constructor(size: number) {
    this.#size = size;
    this.#parts = new Uint32Array(size * PARTS);
    this.#texts.set(0, '');
  }

  /** What a slot holds now. */
  at(slot: number): string {
    const text = this.#texts.get(slot);
    if (text !== undefined) return text;
    const parts = this.#parts.subarray(slot * PARTS, (slot + 1) * PARTS);
    const hex = Array.from(parts, (part) => part.toString(16).padStart(8, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  /** The next slot, with this id in it. */
  newSlotOf(id: string): number {
    this.#slot = this.#slot + 1 === this.#size ? 0 : this.#slot + 1;
    if (!this.#takeUuid(id)) this.#texts.set(this.#slot, id);
    else if (this.#texts.size > 0) this.#texts.delete(this.#slot);
    return this.#slot;
  }

  // Whether it is one, written as cano writes it; its parts are in the slot then.
  #takeUuid(id: string): boolean {
    if (id.length !== LENGTH || !hyphenAt(id, 8) || !hyphenAt(id, 13) || !hyphenAt(id, 18) || !hyphenAt(id, 23))
      return false;
    const at = this.#slot * PARTS;
    return (
      this.#takePart(at, quad(id, 0), quad(id, 4)) &&
      this.#takePart(at + 1, quad(id, 9), quad(id, 14)) &&
      this.#takePart(at + 2, quad(id, 19), quad(id, 24)) &&
      this.#takePart(at + 3, quad(id, 28), quad(id, 32))
    );
  }

  #takePart(at: number, high: number, low: number): boolean {
    this.#parts[at] = (high << 16) | low;
    return (high | low) >= 0;
  }
}

const hyphenAt = (id: string, index: number): boolean => id.charCodeAt(index) === HYPHEN;

// Four digits as a number; less than 0 when one of them is none.
function quad(id: string, at: number): number {
  const first = id.charCodeAt(at);
  const second = id.charCodeAt(at + 1);
  const third = id.charCodeAt(at + 2);
  const fourth = id.charCodeAt(at + 3);
  if ((first | second | third | fourth) >= DIGITS.length) return -1;
  const high = ((DIGITS[first] as number) << 12) | ((DIGITS[second] as number) << 8);
  return high | ((DIGITS[third] as number) << 4) | (DIGITS[fourth] as number);
}
