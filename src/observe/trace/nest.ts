/** Makes slices nest that were found one by one. */
import type { Span } from './event.ts';

/** Two clocks' readings of one moment differ by less, in microseconds. */
const SLACK_US = 100;

/**
 * Sorts what lies in a span, keeps it within the span and apart from each other. What really ran side by side is moved to
 * `loose`.
 */
export function nested(span: Span, loose: Span[]): void {
  const kept: Span[] = [];
  let last: Span | undefined;
  for (const inner of span.inner.toSorted((a, b) => a.start - b.start)) {
    inner.start = Math.min(Math.max(inner.start, span.start), span.end);
    inner.end = inner.isInstant === true ? inner.start : Math.min(Math.max(inner.end, inner.start), span.end);
    if (inner.isInstant === true) {
      if (last !== undefined && inner.start < last.end) last.inner.push(inner);
      else kept.push(inner);
      continue;
    }
    if (last !== undefined && inner.start < last.end) {
      const isClose = last.end - inner.start <= SLACK_US;
      if (last.isVague !== true && !isClose) {
        loose.push({ ...inner, cat: 'wait' });
        continue;
      }
      // Something that holds others keeps its length.
      if (last.inner.every(({ isInstant }) => isInstant === true)) last.end = inner.start;
      else inner.start = Math.min(last.end, inner.end);
    }
    kept.push(inner);
    last = inner;
  }
  span.inner.splice(0, span.inner.length, ...kept);
  for (const inner of kept) if (inner.inner.length > 0) nested(inner, loose);
}
