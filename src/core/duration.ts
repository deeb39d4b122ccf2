// Thread: both
import { describeValue, InvalidOptionError } from './errors.ts';

/** Milliseconds, or a number with a unit: `'500ms'`, `'30s'`, `'5m'`, `'2h'`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/**
 * Reads a duration into milliseconds.
 *
 * @param value the duration as the user wrote it
 * @param option its name, for the message
 * @throws InvalidOptionError when it is not a duration; a bad one never becomes 0
 */
export function toMs(value: Duration, option: string): number {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? parse(value) : Number.NaN;
  // Not only NaN: digits enough make a string Infinity.
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new InvalidOptionError(
    `${option} must be milliseconds >= 0 or a duration such as '500ms', '30s', '5m' or '2h', got ${describeValue(value)}`,
  );
}

function parse(text: string): number {
  const [, amount, unit] = FORM.exec(text) ?? [];
  return amount === undefined || unit === undefined ? Number.NaN : Number(amount) * (UNIT_MS[unit] as number);
}
