/** What to know of the figures before believing them. Pure. */
import { formatCount } from '../../observe/format.ts';
import { countOf, starvedRow, waitsIn, type Advice } from './advice.ts';
import { NOISE_LIMIT, type Analysis } from './analysis.ts';
import { isEvenFor } from './loop-part.ts';
import type { OwnLoopResult } from './own-loop.ts';

/** Above the ideal by so much is more than noise. */
const SUPERLINEAR = 1.02;
const FEW_ROUNDS = 5;

export interface CautionsOf {
  readonly analysis: Analysis;
  readonly advice: Pick<Advice, 'orRather'>;
  /** Ascending. */
  readonly counts: readonly number[];
  readonly repeat: number;
  readonly usableCores: number;
  readonly ownLoop: OwnLoopResult;
}

/** One sentence for each thing that makes the figures less than they seem. */
export function cautionsOf(of: CautionsOf): string[] {
  return [
    beyondCores,
    withoutOne,
    noise,
    openAdvice,
    lessOfMachine,
    lessOfLoop,
    unequalWork,
    fewRounds,
    superlinear,
  ].flatMap((look) => look(of) ?? []);
}

type Look = (of: CautionsOf) => string | undefined;

const beyondCores: Look = ({ analysis: { rows }, counts, usableCores }) => {
  const many = counts.filter((count) => count > usableCores);
  if (many.length === 0 || waitsIn(rows, usableCores)) return undefined;
  return `${many.join(', ')} threads are more than the ${countOf(usableCores, 'usable core')}: there they take turns`;
};

const withoutOne: Look = ({ counts: [first] }) =>
  first === 1
    ? undefined
    : `1 thread was not measured: speed-ups are against ${first} threads, and efficiency by how many times as many there are`;

const noise: Look = ({ analysis: { noisyRounds }, repeat }) => {
  if (noisyRounds.length === 0) return undefined;
  const which = noisyRounds.length === repeat ? 'every round' : `round ${noisyRounds.join(', ')} of ${repeat}`;
  return `the machine was busy: in ${which} a loop that spins was more than ${NOISE_LIMIT * 100}% off its median; what was measured there counts all the same`;
};

const openAdvice: Look = ({ advice: { orRather } }) => {
  if (orRather.length === 0) return undefined;
  const threads = orRather.at(-1) === 1 ? 'thread is' : 'threads are';
  return `the intervals leave open whether ${orRather.join(' or ')} ${threads} better: repeat it on a quiet machine, or with more rounds`;
};

const lessOfMachine: Look = ({ analysis: { rows }, counts: [first = 1], usableCores }) => {
  const row = starvedRow(rows, usableCores);
  if (row === undefined) return undefined;
  return `the machine gave ${row.threads} threads ${row.machine.value.toFixed(2)} times what it gave ${first}: what it lacks counts as serial share in the laws`;
};

/** Worth a word is a bare loop that gains less than so much of what one that spins does. */
const LEAST_OF_LOOP = 0.9;

const lessOfLoop: Look = ({ analysis: { rows }, counts: [first = 1], usableCores, ownLoop }) => {
  if ('why' in ownLoop) return undefined;
  const row = rows.find(
    ({ threads, bareLoop, machine }) =>
      threads <= usableCores &&
      // Few inputs do not divide evenly, which says nothing of what threads share.
      isEvenFor(ownLoop.inputs, threads) &&
      bareLoop !== undefined &&
      bareLoop.value < LEAST_OF_LOOP * machine.value,
  );
  if (row?.bareLoop === undefined) return undefined;
  return `in a bare loop, too, its own work gains only ${row.bareLoop.value.toFixed(2)} from ${row.threads} threads, against ${first}: they share what it needs, such as memory and caches, or a few of its inputs take most of the time, or it is over before each of them has compiled its code`;
};

const unequalWork: Look = ({ analysis: { executions } }) =>
  executions === undefined
    ? undefined
    : `the runs did not do equally much: ${formatCount(executions.least)} to ${formatCount(executions.most)} executions`;

const fewRounds: Look = ({ repeat }) =>
  repeat < FEW_ROUNDS
    ? `${countOf(repeat, 'round')}: an interval of so few is hardly more than their range`
    : undefined;

const superlinear: Look = ({ analysis: { rows }, counts: [first = 1] }) => {
  const row = rows.find(({ speedUp, threads }) => speedUp.low > (threads / first) * SUPERLINEAR);
  if (row === undefined) return undefined;
  const times = Number((row.threads / first).toFixed(2));
  return `${row.threads} threads are more than ${times} times as fast as ${first}: look for what fewer lack (memory, caches), or for work that is skipped`;
};
