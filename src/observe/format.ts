/** Numbers as people read them; in core, since a run's report speaks too, and here for the edges. */
export { formatCount, formatElapsed, formatMs, formatRate, formatShare, plural } from '../core/format.ts';

/** `512 B`, `1.4 kB`, `23 MB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const [value, unit] =
    bytes < 999_500 ? [bytes / 1e3, 'kB'] : bytes < 999.5e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
