/**
 * The laws by which speed-ups level off, fitted to what was measured. Pure.
 *
 * G. Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities" (1967): a share σ
 * of the work cannot be divided, so S(n) = n / (1 + σ (n − 1)), and never above 1 / σ.
 * N. Gunther, "A simple capacity model of massively parallel transaction systems" (1993), the Universal Scalability Law:
 * threads also wait for each other pair by pair, S(n) = n / (1 + σ (n − 1) + κ n (n − 1)), which has a highest point.
 *
 * The fit is the least squares of the speed-up itself, by Gauss-Newton steps: n / S(n) − 1 is linear in σ and κ, so with
 * each point weighted by how much the speed-up changes with it, a step is a linear problem. σ and κ may not be negative,
 * since work that is faster together than apart is no part of either law.
 */

/** A speed-up against one thread. */
export interface Point {
  readonly threads: number;
  readonly speedUp: number;
}

/** A law with its numbers; Amdahl's has κ = 0. */
export interface Law {
  /** Share of the work that cannot be divided, 0–1. */
  readonly sigma: number;
  /** What each pair of threads costs, as a share of the work. */
  readonly kappa: number;
}

/** What the law says of so many threads. */
export function speedUpBy({ sigma, kappa }: Law, threads: number): number {
  return threads / (1 + sigma * (threads - 1) + kappa * threads * (threads - 1));
}

/** The most that any number of threads can give by the law, and how many that takes; infinite when nothing bounds it. */
export function peakOf(law: Law): { readonly threads: number; readonly speedUp: number } {
  const { sigma, kappa } = law;
  if (kappa === 0) return { threads: Infinity, speedUp: sigma === 0 ? Infinity : 1 / sigma };
  const exact = Math.max(1, Math.sqrt(Math.max(0, 1 - sigma) / kappa));
  const [below, above] = [Math.floor(exact), Math.ceil(exact)];
  const threads = speedUpBy(law, above) > speedUpBy(law, below) ? above : below;
  return { threads, speedUp: speedUpBy(law, threads) };
}

/** Amdahl's law; undefined without a point of more than one thread. */
export function fitAmdahl(points: readonly Point[]): Law | undefined {
  return fit(points, 1, (rows) => ({ sigma: clamp(alone(rows, 'serial')), kappa: 0 }));
}

/** The Universal Scalability Law; undefined with fewer than two different counts above one: it has two unknowns. */
export function fitUsl(points: readonly Point[]): Law | undefined {
  return fit(points, 2, bothOf);
}

/** Steps after which hardly any fit still changes. */
const MAX_STEPS = 100;
const HALVINGS = 20;
/** A gain of a smaller share of the squares is none. */
const LEAST_GAIN = 1e-9;

/** @param solve the least squares of the linear problem */
function fit(all: readonly Point[], unknowns: number, solve: (rows: readonly Row[]) => Law): Law | undefined {
  const points = all.filter(({ threads }) => threads > 1);
  if (new Set(points.map(({ threads }) => threads)).size < unknowns) return undefined;
  // By the weights of what was measured: exact where a law holds, and where the points are near one nearly so.
  let law = solve(points.map((point) => rowOf(point, point.speedUp, point.threads / point.speedUp - 1)));
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const next = stepFrom(law, points, solve);
    if (next === undefined) return law;
    law = next;
  }
  return law;
}

/** A law that is nearer to the points, towards the one that solves the problem made linear at this one. */
function stepFrom(law: Law, points: readonly Point[], solve: (rows: readonly Row[]) => Law): Law | undefined {
  const aim = solve(
    points.map((point) => {
      const by = speedUpBy(law, point.threads);
      return rowOf(point, by, point.threads / by - 1 + ((by - point.speedUp) * point.threads) / by ** 2);
    }),
  );
  const least = squares(points, law) * (1 - LEAST_GAIN);
  for (let share = 1, halved = 0; halved < HALVINGS; share /= 2, halved += 1) {
    // Between two laws of the region there are only such.
    const next = {
      sigma: law.sigma + share * (aim.sigma - law.sigma),
      kappa: law.kappa + share * (aim.kappa - law.kappa),
    };
    if (squares(points, next) < least) return next;
  }
  return undefined;
}

function bothOf(rows: readonly Row[]): Law {
  const [a, b, c, d, e] = [
    sum(rows, ({ weight, serial }) => weight * serial * serial),
    sum(rows, ({ weight, serial, pairs }) => weight * serial * pairs),
    sum(rows, ({ weight, pairs }) => weight * pairs * pairs),
    sum(rows, ({ weight, serial, excess }) => weight * serial * excess),
    sum(rows, ({ weight, pairs, excess }) => weight * pairs * excess),
  ];
  const determinant = a * c - b * b;
  const free = { sigma: (c * d - b * e) / determinant, kappa: (a * e - b * d) / determinant };
  if (free.sigma >= 0 && free.sigma <= 1 && free.kappa >= 0) return free;
  // The least of a convex function over a convex region is on an edge of it when the free one is outside.
  const edges: Law[] = [
    { sigma: clamp(alone(rows, 'serial')), kappa: 0 },
    { sigma: 0, kappa: Math.max(0, alone(rows, 'pairs')) },
    { sigma: 1, kappa: Math.max(0, (e - b) / c) },
  ];
  return edges.reduce((best, law) => (residual(rows, law) < residual(rows, best) ? law : best));
}

/** Root of the mean squared distance between measured and fitted speed-ups, the point of one thread left out. */
export function misfit(points: readonly Point[], law: Law): number {
  const others = points.filter(({ threads }) => threads > 1);
  return Math.sqrt(squares(others, law) / others.length);
}

function squares(points: readonly Point[], law: Law): number {
  return points.reduce((total, { threads, speedUp }) => total + (speedUp - speedUpBy(law, threads)) ** 2, 0);
}

interface Row {
  readonly serial: number;
  readonly pairs: number;
  readonly excess: number;
  readonly weight: number;
}

/** @param at the speed-up around which the law is taken as linear */
function rowOf({ threads }: Point, at: number, excess: number): Row {
  return { serial: threads - 1, pairs: threads * (threads - 1), excess, weight: (at * at) ** 2 / threads ** 2 };
}

/** The least squares of one unknown, the other being 0. */
function alone(rows: readonly Row[], unknown: 'serial' | 'pairs'): number {
  return (
    sum(rows, (row) => row.weight * row[unknown] * row.excess) / sum(rows, (row) => row.weight * row[unknown] ** 2)
  );
}

function residual(rows: readonly Row[], { sigma, kappa }: Law): number {
  return sum(rows, ({ weight, serial, pairs, excess }) => weight * (excess - sigma * serial - kappa * pairs) ** 2);
}

function sum(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
