/**
 * When a cron expression fires, found without a cron library: every minute of a year is looked at as the clocks of a zone
 * show it, by Intl.DateTimeFormat.
 */

const MINUTE = 60_000;
/** All offsets and all changes of the clocks are multiples of it, so that one look per quarter tells all its minutes. */
const QUARTER = 15;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A year of a zone: what its clocks show in each minute. */
export interface ZoneYear {
  readonly zone: string;
  /** Of the first minute, in milliseconds since 1970. */
  readonly start: number;
  readonly minutes: number;
  /** Minute of the day, 0–1439. */
  readonly minuteOfDay: Uint16Array;
  /** Index into `days`. */
  readonly day: Uint16Array;
  readonly days: readonly { readonly dom: number; readonly month: number; readonly dow: number }[];
  /** Minutes at which the clocks jump; what they skip forward, in minutes, negative when they go back. */
  readonly jumps: readonly { readonly at: number; readonly by: number }[];
}

export function zoneYear(zone: string, start: number, end: number): ZoneYear {
  const minutes = (end - start) / MINUTE;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
  const minuteOfDay = new Uint16Array(minutes);
  const day = new Uint16Array(minutes);
  const days: { dom: number; month: number; dow: number }[] = [];
  const jumps: { at: number; by: number }[] = [];
  const indexOf = new Map<string, number>();
  for (let quarter = 0; quarter < minutes; quarter += QUARTER) {
    const parts = Object.fromEntries(
      format.formatToParts(start + quarter * MINUTE).map(({ type, value }) => [type, value]),
    );
    const key = `${parts['year']}-${parts['month']}-${parts['day']}`;
    let index = indexOf.get(key);
    if (index === undefined) {
      index = days.length;
      indexOf.set(key, index);
      days.push({
        dom: Number(parts['day']),
        month: Number(parts['month']),
        dow: WEEKDAYS.indexOf(parts['weekday'] as string),
      });
    }
    const local = Number(parts['hour']) * 60 + Number(parts['minute']);
    for (let m = 0; m < QUARTER; m += 1) {
      minuteOfDay[quarter + m] = local + m;
      day[quarter + m] = index;
    }
    if (quarter === 0) continue;
    const before = (minuteOfDay[quarter - 1] as number) + 1440 * (day[quarter - 1] as number);
    const by = local + 1440 * index - before - 1;
    if (by !== 0) jumps.push({ at: quarter, by });
  }
  return { zone, start, minutes, minuteOfDay, day, days, jumps };
}

/** Which values the fields of an expression with five fields allow. */
interface Fields {
  readonly minute: ReadonlySet<number>;
  readonly hour: ReadonlySet<number>;
  readonly dom: ReadonlySet<number>;
  readonly month: ReadonlySet<number>;
  readonly dow: ReadonlySet<number>;
  /** Day of the month and day of the week are both given: one of them is enough. */
  readonly eitherDay: boolean;
  readonly isFixedTime: boolean;
}

function read(expression: string): Fields {
  const [minute, hour, dom, month, dow] = expression.split(' ') as [string, string, string, string, string];
  return {
    minute: values(minute, 0, 59),
    hour: values(hour, 0, 23),
    dom: values(dom, 1, 31),
    month: values(month, 1, 12),
    dow: new Set([...values(dow, 0, 7)].map((n) => n % 7)),
    eitherDay: dom !== '*' && dow !== '*',
    isFixedTime: !/[*/]/.test(minute + hour),
  };
}

function values(field: string, low: number, high: number): Set<number> {
  const all = new Set<number>();
  for (const part of field.split(',')) {
    const [range, step = '1'] = part.split('/') as [string, string?];
    const [from, to] = range === '*' ? [low, high] : (range.split('-').map(Number) as [number, number?]);
    for (let n = from; n <= (to ?? from); n += Number(step)) all.add(n);
  }
  return all;
}

/** Looks at minute after minute: gives the first fire after a time, in the year; both in milliseconds since 1970. */
export function scanOf(expression: string, year: ZoneYear): (after: number) => number | undefined {
  const fields = read(expression);
  const dayFits = year.days.map(({ dom, month, dow }) => {
    const [byDom, byDow] = [fields.dom.has(dom), fields.dow.has(dow)];
    return fields.month.has(month) && (fields.eitherDay ? byDom || byDow : byDom && byDow);
  });
  const timeFits = Uint8Array.from({ length: 1440 }, (_, minute) =>
    Number(fields.hour.has(Math.floor(minute / 60)) && fields.minute.has(minute % 60)),
  );
  // Fixed times: not again where the clocks show them a second time, and after the gap where they skip them.
  const repeated = new Set<number>();
  const afterGap = new Set<number>();
  for (const { at, by } of fields.isFixedTime ? year.jumps : []) {
    for (let minute = at; minute < at - by; minute += 1) repeated.add(minute);
    const shown = (year.minuteOfDay[at] as number) + 1440 * (year.day[at] as number);
    for (let skipped = shown - by; skipped < shown; skipped += 1) {
      if (dayFits[Math.floor(skipped / 1440)] === true && timeFits[skipped % 1440] === 1) afterGap.add(at);
    }
  }
  const { minuteOfDay, day, minutes, start } = year;
  return (after) => {
    for (let minute = Math.max(0, Math.floor((after - start) / MINUTE) + 1); minute < minutes; minute += 1) {
      if (afterGap.size > 0 && afterGap.has(minute)) return start + minute * MINUTE;
      const today = day[minute] as number;
      if (dayFits[today] !== true) {
        // Nothing fits before the day is over, but what a gap has skipped may be due on it.
        if (afterGap.size === 0) while (day[minute + 1] === today) minute += 1;
        continue;
      }
      if (timeFits[minuteOfDay[minute] as number] === 1 && !repeated.has(minute)) return start + minute * MINUTE;
    }
    return undefined;
  };
}
