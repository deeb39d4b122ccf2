/**
 * Cron expressions, read by croner: five fields, or six with seconds first, or a nickname such as `@daily`.
 *
 * K1 A time that the clocks skip (spring) fires at the first moment after the gap, and one that they repeat (autumn) fires
 *    once, at its first occurrence, when seconds, minutes and hours are given without `*` and steps. Everything else follows real
 *    time: it has no fire in the gap, and fires in both of the repeated hours. This is the rule of Vixie cron (cron(8)).
 */
import { Cron } from 'croner';
import { describeValue, InvalidOptionError, messageOf } from '../core/errors.ts';

/** An expression that was understood. */
export interface CronExpression {
  readonly text: string;
  /** IANA name; undefined for that of the process. */
  readonly timezone: string | undefined;
  /** The first fire after `after`, both in milliseconds since 1970; undefined when there is none. */
  next(after: number): number | undefined;
}

/**
 * Reads an expression.
 *
 * @param at which schedule, for the message
 * @throws InvalidOptionError when the expression or the zone is not valid, or it never fires
 */
export function parseCron(at: string, text: unknown, timezone: unknown): CronExpression {
  if (typeof text !== 'string') {
    throw new InvalidOptionError(`${at}: the cron expression must be a string, got ${describeValue(text)}`);
  }
  const zone = checkZone(at, timezone);
  const cron = understand(at, text, zone);
  const next = (after: number): number | undefined => cron.nextRun(new Date(after))?.getTime();
  if (next(Date.now()) === undefined) {
    throw new InvalidOptionError(`${at}: the cron expression '${text}' never fires: no date fits it`);
  }
  return { text, timezone: zone, next };
}

// croner holds a number per year up to 9999 in each Cron, 80 kB, so schedules with the same expression share one. Asking it
// for a time leaves no trace in it.
const known = new Map<string, WeakRef<Cron>>();
const gone = new FinalizationRegistry<string>((key) => {
  if (known.get(key)?.deref() === undefined) known.delete(key);
});

function understand(at: string, text: string, timezone: string | undefined): Cron {
  const key = `${timezone ?? ''}\0${text}`;
  const found = known.get(key)?.deref();
  if (found !== undefined) return found;
  const made = read(at, text, timezone);
  known.set(key, new WeakRef(made));
  gone.register(made, key);
  return made;
}

function read(at: string, text: string, timezone: string | undefined): Cron {
  try {
    return new Cron(text, {
      paused: true,
      mode: '5-or-6-parts',
      fixedTimeRule: 'no-wildcard',
      ...(timezone === undefined ? {} : { timezone }),
    });
  } catch (error) {
    const reason = messageOf(error).replace(/^CronPattern: /, '');
    throw new InvalidOptionError(
      `${at}: the cron expression '${text}' cannot be read: ${reason} It has five fields, 'minute hour day month weekday' ` +
        `as in '30 9 * * MON-FRI', or six with seconds first`,
      { cause: error },
    );
  }
}

function checkZone(at: string, timezone: unknown): string | undefined {
  if (timezone === undefined) return undefined;
  if (typeof timezone === 'string' && isZone(timezone)) return timezone;
  throw new InvalidOptionError(
    `${at}: timezone must be the IANA name of a zone, such as 'Europe/Madrid' or 'UTC', got ${describeValue(timezone)}`,
  );
}

function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
