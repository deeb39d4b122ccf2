/** The reporters by name. */
import { systemClock } from '../core/clock.ts';
import { jsonReporter } from './json.ts';
import { plainReporter } from './plain.ts';
import { prettyReporter } from './pretty.ts';
import type { Reporter, ReporterSetup, Sink } from './reporter.ts';

export const REPORTERS = ['pretty', 'plain', 'json', 'none'] as const;

export type ReporterName = (typeof REPORTERS)[number];

/** Makes a reporter; `pretty` needs a terminal that it can draw on, else it is `plain`. */
export function createReporter(
  name: ReporterName,
  given: Omit<ReporterSetup, 'now'>,
  env: Readonly<Record<string, string | undefined>>,
): Reporter {
  const setup: ReporterSetup = { ...given, now: () => systemClock.now() };
  switch (name) {
    case 'pretty':
      return canDraw(setup.err, env) ? prettyReporter(setup) : plainReporter(setup);
    case 'plain':
      return plainReporter(setup);
    case 'json':
      return jsonReporter(setup);
    case 'none':
      return noReporter;
    default:
      return name satisfies never;
  }
}

/** In CI even a terminal is read as a file afterwards. */
function canDraw(sink: Sink, env: Readonly<Record<string, string | undefined>>): boolean {
  return sink.isTTY === true && env['TERM'] !== 'dumb' && ['', '0', 'false'].includes(env['CI'] ?? '');
}

const noReporter: Reporter = {
  wantsSummary: false,
  update: () => {},
  notice: () => {},
  stop: () => {},
  finish: () => {},
};
