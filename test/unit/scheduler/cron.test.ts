/** Cron expressions: against a scan of every minute, and what is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidOptionError } from '../../../src/index.ts';
import { parseCron } from '../../../src/scheduler/cron.ts';
import { seededRandom } from '../../support/fake-clock.ts';
import { scanOf, zoneYear, type ZoneYear } from './cron-oracle.ts';

const ZONES = ['Europe/Madrid', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Cairo'];
const START = Date.UTC(2027, 0, 1);
const END = Date.UTC(2028, 0, 1);
const EXPRESSIONS = 1_000;
const PROBES = 3;
const HOUR = 3_600_000;
/** Fires looked at around a change of the clocks. */
const MOST_AROUND = 3;
/** Every fire of the year, one after the other: takes an hour and more, so run this file by `node --import tsx`. */
const isWhole = process.env['CANO_CRON_WHOLE'] === '1';

describe('cron', () => {
  it(`agrees with a scan of every minute of a year, ${EXPRESSIONS} expressions in ${ZONES.length} zones`, () => {
    const seed = Number(process.env['CANO_SEED'] ?? Date.now() % 1e9);
    const random = seededRandom(seed);
    const years = ZONES.map((zone) => zoneYear(zone, START, END));
    assert.ok(years[0]?.jumps.length === 2, 'Madrid changes its clocks twice a year');
    for (let n = 0; n < EXPRESSIONS; n += 1) {
      // One that never fires comes once in tens of thousands, so it comes on purpose, too.
      const expression = n === 0 ? '* 22-23 30-31 2-3/4 *' : randomExpression(random);
      for (const year of years) agree(expression, year, random, seed);
    }
  });

  it('has a fire of each time that is given once a day, at both changes of the clocks', () => {
    const at = (expression: string, after: string, timezone: string): string[] => {
      const cron = parseCron('schedule', expression, timezone);
      const fires: string[] = [];
      for (let n = 0, time = Date.parse(after); n < 3; n += 1) {
        time = cron.next(time) as number;
        fires.push(new Date(time).toISOString().slice(5, 16));
      }
      return fires;
    };
    const [spring, autumn] = ['2027-03-27T12:00Z', '2027-10-30T12:00Z'];
    const zone = 'Europe/Madrid';
    assert.deepEqual(at('30 2 * * *', spring, zone), ['03-28T01:00', '03-29T00:30', '03-30T00:30']);
    assert.deepEqual(at('30 2 * * *', autumn, zone), ['10-31T00:30', '11-01T01:30', '11-02T01:30']);
    assert.deepEqual(at('30 2,14 * * *', autumn, zone), ['10-30T12:30', '10-31T00:30', '10-31T13:30']);
    assert.deepEqual(at('30 * * * *', '2027-10-31T00:00Z', zone), ['10-31T00:30', '10-31T01:30', '10-31T02:30']);
    assert.deepEqual(at('30 * * * *', '2027-03-28T00:00Z', zone), ['03-28T00:30', '03-28T01:30', '03-28T02:30']);
  });

  it('reads seconds, names and nicknames', () => {
    const next = (expression: string): string =>
      new Date(parseCron('schedule', expression, 'UTC').next(Date.UTC(2027, 0, 1)) as number).toISOString();
    assert.equal(next('*/15 * * * * *'), '2027-01-01T00:00:15.000Z');
    assert.equal(next('0 9 * * MON'), '2027-01-04T09:00:00.000Z');
    assert.equal(next('@daily'), '2027-01-02T00:00:00.000Z');
    assert.equal(next('0 0 L FEB *'), '2027-02-28T00:00:00.000Z');
    assert.equal(next('0 0 29 2 *'), '2028-02-29T00:00:00.000Z');
  });

  for (const [expression, timezone, message] of [
    [
      '61 * * * *',
      undefined,
      /schedule 'a': the cron expression '61 \* \* \* \*' cannot be read: .*minute.* It has five fields/,
    ],
    ['* * *', undefined, /'\* \* \*' cannot be read/],
    ['', undefined, /'' cannot be read/],
    ['0 0 1 1 * 2030 2', undefined, /cannot be read/],
    ['0 0 31 2 *', undefined, /'0 0 31 2 \*' never fires: no date fits it/],
    [5, undefined, /must be a string, got 5/],
    [
      '* * * * *',
      'Mars/Base',
      /timezone must be the IANA name of a zone, such as 'Europe\/Madrid' or 'UTC', got 'Mars\/Base'/,
    ],
    ['* * * * *', '', /timezone must be the IANA name of a zone.*got ''/],
    ['* * * * *', 3, /timezone must be .*got 3/],
  ] as const) {
    it(`refuses ${JSON.stringify(expression)} in ${JSON.stringify(timezone)}`, () => {
      assert.throws(
        () => parseCron("schedule 'a'", expression, timezone),
        (error: Error) => error instanceof InvalidOptionError && message.test(error.message),
      );
    });
  }
});

function agree(expression: string, year: ZoneYear, random: () => number, seed: number): void {
  const scan = scanOf(expression, year);
  const parse = (): ReturnType<typeof parseCron> => parseCron('schedule', expression, year.zone);
  // Days that none of its months has: such as the 30th and 31st of February. Of those of leap years the scan knows nothing.
  if (scan(START) === undefined && !canFire(expression)) {
    assert.throws(parse, /never fires/, `'${expression}' (seed ${seed})`);
    return;
  }
  const cron = parse();
  const check = (after: number): number | undefined => {
    const expected = scan(after);
    const found = cron.next(after);
    // Beyond the year the scan knows nothing.
    const inYear = found !== undefined && found < END ? found : undefined;
    const show = (at: number | undefined): string => (at === undefined ? 'none' : new Date(at).toISOString());
    if (inYear === expected) return expected;
    assert.fail(
      `'${expression}' in ${year.zone} after ${show(after)}: ${show(inYear)}, scan ${show(expected)} (seed ${seed})`,
    );
  };
  const walk = (from: number, until: number, most: number): void => {
    let at = check(from);
    for (let fires = 1; at !== undefined && at < until && fires < most; fires += 1) at = check(at);
  };
  if (isWhole) return walk(START, END, Infinity);
  check(START);
  for (let n = 0; n < PROBES; n += 1) check(START + random() * (END - START));
  for (const { at } of year.jumps) {
    const time = year.start + at * 60_000;
    for (const offset of [-1, HOUR / 2]) check(time + offset);
    walk(time - HOUR, time + HOUR, MOST_AROUND);
  }
}

/** Whether one of its days is in one of its months. */
function canFire(expression: string): boolean {
  const [, , day = '*', month = '*', weekday] = expression.split(' ');
  if (day === '*' || weekday !== '*') return true;
  const months = numbersOf(month, 1, 12);
  // Of a leap year.
  return numbersOf(day, 1, 31).some((date) =>
    months.some((of) => date <= new Date(Date.UTC(2028, of, 0)).getUTCDate()),
  );
}

/** What a field stands for: all, a list, or a range, with or without steps. */
function numbersOf(field: string, low: number, high: number): number[] {
  const [what = '', step = '1'] = field.split('/');
  const all = Array.from({ length: high - low + 1 }, (_value, at) => low + at);
  if (what === '*') return all.filter((number) => (number - low) % Number(step) === 0);
  const [from, to] = what.split('-').map(Number) as [number, number | undefined];
  if (to === undefined) return what.split(',').map(Number);
  return all.filter((number) => number >= from && number <= to && (number - from) % Number(step) === 0);
}

/** A valid expression; the day is left open more often than not, and times around the changes of the clocks come often. */
function randomExpression(random: () => number): string {
  const int = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const pick = <T>(...all: readonly T[]): T => all[int(0, all.length - 1)] as T;
  const list = (low: number, high: number): string =>
    [...new Set(Array.from({ length: int(1, 3) }, () => int(low, high)))].join(',');
  const range = (low: number, high: number): string => {
    const from = int(low, high - 1);
    return `${from}-${int(from + 1, high)}`;
  };
  const field = (low: number, high: number, step: number): string =>
    pick(
      () => '*',
      () => `*/${int(2, step)}`,
      () => list(low, high),
      () => list(low, high),
      () => range(low, high),
      () => `${range(low, high)}/${int(2, step)}`,
    )();
  const hour = random() < 0.4 ? list(0, 3) : field(0, 23, 6);
  const dom = random() < 0.6 ? '*' : pick(list(1, 28), range(1, 31));
  const month = random() < 0.7 ? '*' : field(1, 12, 4);
  const dow = random() < 0.6 ? '*' : pick(list(0, 6), range(0, 6));
  return `${field(0, 59, 30)} ${hour} ${dom} ${month} ${dow}`;
}
