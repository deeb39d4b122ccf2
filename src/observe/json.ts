/** Events as NDJSON: one JSON object per line on stdout, and nothing else there: what others write to it goes to stderr. */
import { guardStream, type GuardedStream } from './guard.ts';
import { eventJson } from './notes.ts';
import type { Reporter, ReporterSetup } from './reporter.ts';

/** Bytes, roughly, that are written at once. A write per event would cost more than the event. */
const BLOCK = 64 * 1024;
const FLUSH_MS = 50;

export function jsonReporter({ out, err }: Pick<ReporterSetup, 'out' | 'err'>): Reporter {
  const guard = guardStream(out as unknown as GuardedStream, (text) => void err.write(text));
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === '') return;
    const block = waiting;
    waiting = '';
    guard.write(block);
  };
  return {
    wantsSummary: false,
    update(event) {
      waiting += `${eventJson(event)}\n`;
      if (waiting.length >= BLOCK) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
    },
    notice: (text) => void err.write(`${text}\n`),
    stop: () => {
      flush();
      guard.release();
    },
    finish: flush,
  };
}
