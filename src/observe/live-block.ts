/**
 * A block of lines at the bottom of a terminal that is drawn over itself.
 *
 * Owns: the cursor (hidden while the block lives), what of the block is on the screen.
 * Does not own: what the lines say, when they are drawn.
 *
 * B1 Every update is one write between the marks of a synchronized update, so no half-drawn frame is seen.
 * B2 The cursor stays at the end of the last line. Text printed above first clears the block.
 * B3 After `close` the cursor is visible again, whatever happened before; the block stays on the screen or is cleared.
 */
import { widthOfLine, type Line, type Paint } from './text.ts';

const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_DOWN = '\x1b[J';

export class LiveBlock {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;
  readonly #paint: Paint;
  #drawn: readonly string[] = [];
  #widths: readonly number[] = [];
  #drawnAt = 0;
  #isOpen = false;

  /**
   * @param write to the terminal, at once
   * @param columns its width at this moment
   */
  constructor(write: (text: string) => void, columns: () => number, paint: Paint) {
    this.#write = write;
    this.#columns = columns;
    this.#paint = paint;
  }

  /** Draws the lines in place of the last ones; writes nothing when they are equal. */
  draw(block: readonly Line[]): void {
    const lines = block.map(this.#paint);
    if (
      this.#isOpen &&
      lines.length === this.#drawn.length &&
      lines.every((line, index) => line === this.#drawn[index])
    )
      return;
    const open = this.#isOpen ? '' : HIDE_CURSOR;
    const columns = this.#columns();
    // Rows that a narrower terminal has wrapped stay marked as continued until they are cleared as a whole.
    const clear = columns === this.#drawnAt ? '' : CLEAR_DOWN;
    const body = lines.map((line) => line + CLEAR_LINE_END).join('\r\n');
    this.#write(`${BEGIN}${open}${NO_WRAP}${this.#toTop()}${clear}${body}${CLEAR_DOWN}${WRAP}${END}`);
    this.#drawnAt = columns;
    this.#isOpen = true;
    this.#drawn = lines;
    this.#widths = block.map(widthOfLine);
  }

  /** Prints text above the block; it must end with a line break. The block is gone until the next `draw`. */
  print(text: string): void {
    this.#write(`${BEGIN}${this.#toTop()}${CLEAR_DOWN}${text}${END}`);
    this.#forget();
  }

  /** Gives the terminal back. */
  close(keep: boolean): void {
    if (!this.#isOpen) return;
    const rest = this.#drawn.length === 0 ? '' : keep ? '\r\n' : `${this.#toTop()}${CLEAR_DOWN}`;
    this.#write(`${rest}${SHOW_CURSOR}`);
    this.#isOpen = false;
    this.#forget();
  }

  // A terminal that became narrower has wrapped the lines drawn before.
  #toTop(): string {
    if (this.#drawn.length === 0) return '\r';
    const columns = Math.max(1, this.#columns());
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r';
  }

  #forget(): void {
    this.#drawn = [];
    this.#widths = [];
  }
}
