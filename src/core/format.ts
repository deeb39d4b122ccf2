// Thread: both
/** Numbers as people read them. */

// Made when it is needed: it takes a millisecond, which every process that imports cano would pay.
let grouped: Intl.NumberFormat | undefined;

/** `1,240` */
export function formatCount(count: number): string {
  if (count < 1000) return String(Math.round(count));
  grouped ??= new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
  return grouped.format(count);
}

/** A duration in three or four digits: `420µs`, `3.8ms`, `38ms`, `1.24s`, `12.3s`, `1m04s`, `2h05m`. */
export function formatMs(ms: number): string {
  // The borders are where rounding would show a fourth digit or 60 seconds.
  if (ms < 0.9995) return `${Math.max(0, Math.round(ms * 1000))}µs`;
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)}s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad2(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${pad2(minutes % 60)}m`;
}

/** Elapsed time that does not jump in width while it runs: `3.2s`, `1:04`, `2:05:09`. */
export function formatElapsed(ms: number): string {
  if (ms < 60_000) return `${(Math.floor(Math.max(0, ms) / 100) / 10).toFixed(1)}s`;
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${hours > 0 ? `${hours}:${pad2(minutes)}` : minutes}:${pad2(seconds % 60)}`;
}

/** Executions per second: `3.1/s`, `310/s`, `12.3k/s`. */
export function formatRate(perSecond: number): string {
  if (perSecond < 9.95) return `${perSecond.toFixed(1)}/s`;
  if (perSecond < 9_950) return `${formatCount(perSecond)}/s`;
  return `${(perSecond / 1000).toFixed(perSecond < 99_500 ? 1 : 0)}k/s`;
}

/** `83%`; never 100% before the end, never 0% after the start. */
export function formatShare(share: number): string {
  const percent = share > 0 && share < 1 ? Math.min(99, Math.max(1, Math.round(share * 100))) : Math.round(share * 100);
  return `${percent}%`;
}

/** `1 retry`, `2 retries` */
export function plural(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function pad2(value: number): string {
  return String(value).padStart(2, '0');
}

/** `512 B`, `1.4 kB`, `23 MB` */
export function formatBytes(bytes: number): string {
  if (bytes < 999.5) return `${Math.round(bytes)} B`;
  // The borders are where rounding would show a fourth digit.
  const [value, unit] =
    bytes < 999_500 ? [bytes / 1e3, 'kB'] : bytes < 999.5e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${value < 9.95 ? value.toFixed(1) : formatCount(value)} ${unit}`;
}
