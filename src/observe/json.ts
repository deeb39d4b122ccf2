/**
 * Events as NDJSON: one JSON object per line on stdout, and nothing else there: what others write to it goes to stderr.
 * `run.finished` has the `analysis` of its report beside that.
 */
import { analyse } from '../core/analysis.ts';
import type { EngineEvent, RunEvent } from '../core/events.ts';
import { guardStream, type GuardedStream } from './guard.ts';
import { eventJson } from './notes.ts';
import type { Reporter, ReporterSetup } from './reporter.ts';

/** Bytes, roughly, that are written at once. A write per event would cost more than the event. */
const BLOCK = 64 * 1024;
const FLUSH_MS = 50;

// What a run's report says is worked out here once, where a script would have to do it.
function lineOf(event: RunEvent | EngineEvent): string {
  if (event.type !== 'run.finished') return eventJson(event);
  const withAnalysis = { ...event, analysis: analyse(event.report) };
  return eventJson(withAnalysis);
}

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
      waiting += `${lineOf(event)}\n`;
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
