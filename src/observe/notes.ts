/** Events that are text of their own: what nodes log, warnings, deaths of threads. */
import { eventError, UNEXPECTED_DEATHS, type EngineEvent, type LogLevel, type RunEvent } from '../core/events.ts';
import { rankOf, type LogThreshold } from '../core/log.ts';
import { clean, type Line } from './text.ts';

export { LOG_LEVELS } from '../core/log.ts';

const STYLES = { debug: 'dim', info: undefined, warn: 'yellow', error: 'red' } as const satisfies Record<
  LogLevel,
  unknown
>;
const MAX_FIELDS = 400;

/** The lines to print for an event, one for each line of its text; none for other events, and below the level. */
export function noteLines(event: RunEvent | EngineEvent, least: LogThreshold): Line[] {
  switch (event.type) {
    case 'log': {
      if (!isShown(event.level, least)) return [];
      const item = event.item === undefined ? '' : ` #${event.item}`;
      const head = `${event.level.padEnd(5)} ${clean(event.node)}${item}`;
      const fields = event.fields === undefined ? '' : ` ${fieldsOf(event.fields)}`;
      return linesOf(head, `${event.message}${fields}`, STYLES[event.level]);
    }
    case 'warning':
      return isShown('warn', least) ? linesOf('warn ', event.message, 'yellow') : [];
    case 'thread.exited': {
      if (!UNEXPECTED_DEATHS.has(event.reason) || !isShown('warn', least)) return [];
      const which = event.thread < 0 ? 'a thread' : `thread ${event.thread}`;
      return linesOf(
        'warn ',
        `${which} died (${event.reason})${event.message === undefined ? '' : `: ${event.message}`}`,
        'yellow',
      );
    }
    default:
      return [];
  }
}

function isShown(level: LogLevel, least: LogThreshold): boolean {
  return rankOf(level) >= rankOf(least);
}

function linesOf(head: string, text: string, style: 'dim' | 'yellow' | 'red' | undefined): Line[] {
  return text.split(/\r?\n/).map((line) => [{ text: ` ${head}  `, style: style ?? 'dim' }, { text: clean(line) }]);
}

function fieldsOf(fields: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : jsonOf(value)}`)
    .join(' ');
  return text.length > MAX_FIELDS ? `${text.slice(0, MAX_FIELDS)}…` : text;
}

/**
 * JSON of anything that crossed a thread: bigints as text, errors by name, message and code, typed arrays, Maps and Sets as
 * lists; a value that cannot be written otherwise (a cycle) becomes a text that says so.
 */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, plain) ?? 'null';
  } catch (error) {
    return JSON.stringify(`(not JSON: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it throws'})`);
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Error) return eventError(value);
  if (value instanceof Map || value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return [...(value as Uint8Array)];
  return value;
}

/** An event as JSON. Only a log carries values of the user's, and among them may be what JSON does not know. */
export function eventJson(event: { readonly type: string; readonly fields?: unknown }): string {
  if (event.type !== 'log' || event.fields === undefined) return JSON.stringify(event);
  const { fields, ...rest } = event;
  return JSON.stringify({ ...rest, fields: JSON.parse(jsonOf(fields)) as unknown });
}
