/**
 * An error for people: three digits that count, whatever the unit of the target is.
 *
 * @param like as many decimals as this number gets; a spread is written like its mean
 */
export function digits(value: number, like: number = value): string {
  if (like === 0) return value === 0 ? '0' : value.toExponential(2);
  const size = Math.floor(Math.log10(Math.abs(like)));
  return size < -4 || size > 6 ? value.toExponential(2) : value.toFixed(Math.max(0, 2 - size));
}
