/**
 * The laws by which speed-ups level off, fitted to what was measured. Pure.
 *
 * G. Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities" (1967): a share σ
 * of the work cannot be divided, so S(n) = n / (1 + σ (n − 1)), and never above 1 / σ.
 * N. Gunther, "A simple capacity model of massively parallel transaction systems" (1993), the Universal Scalability Law:
 * threads also wait for each other pair by pair, S(n) = n / (1 + σ (n − 1) + κ n (n − 1)), which has a highest point.
 *
 * n / S(n) − 1 is linear in σ and κ. Least squares are taken there, each point with the weight that makes its residual
 * that of the speed-up itself to first order; σ and κ may not be negative, since work that is faster together than apart
 * is no part of either law.
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
  const rows = rowsOf(points);
  return rows.length === 0 ? undefined : { sigma: clamp(alone(rows, 'serial')), kappa: 0 };
}

/** The Universal Scalability Law; undefined with fewer than two different counts above one: it has two unknowns. */
export function fitUsl(points: readonly Point[]): Law | undefined {
  const rows = rowsOf(points);
  if (new Set(rows.map(({ serial }) => serial)).size < 2) return undefined;
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
  const squares = others.reduce((total, { threads, speedUp }) => total + (speedUp - speedUpBy(law, threads)) ** 2, 0);
  return Math.sqrt(squares / others.length);
}

interface Row {
  readonly serial: number;
  readonly pairs: number;
  readonly excess: number;
  readonly weight: number;
}

function rowsOf(points: readonly Point[]): Row[] {
  return points
    .filter(({ threads }) => threads > 1)
    .map(({ threads, speedUp }) => ({
      serial: threads - 1,
      pairs: threads * (threads - 1),
      excess: threads / speedUp - 1,
      weight: (speedUp * speedUp) ** 2 / threads ** 2,
    }));
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
