/** One family of cells for each metric of the catalogue. */
import {
  BUCKETS,
  CATALOGUE,
  OPEN_LABELS,
  type BucketKind,
  type MetricName,
  type MetricSpec,
  type OpenLabel,
} from './catalogue.ts';
import { Cell, Family, HistogramCell } from './cells.ts';
import { LabelGuard } from './guard.ts';
import { IntegralCell } from './integral.ts';

/** Counters of seconds of things that go on for long. */
type IntegralName =
  | 'cano_workflow_run_active_seconds_total'
  | 'cano_node_phase_seconds_total'
  | 'cano_pool_busy_seconds_total'
  | 'cano_thread_busy_seconds_total';

const INTEGRALS: ReadonlySet<string> = new Set<IntegralName>([
  'cano_workflow_run_active_seconds_total',
  'cano_node_phase_seconds_total',
  'cano_pool_busy_seconds_total',
  'cano_thread_busy_seconds_total',
]);

export type HistogramName = {
  [N in MetricName]: (typeof CATALOGUE)[N]['type'] extends 'histogram' ? N : never;
}[MetricName];

/** What a metric's cells are. */
export type CellOf<N extends MetricName> = N extends HistogramName
  ? HistogramCell
  : N extends IntegralName
    ? IntegralCell
    : Cell;

export interface FamiliesOptions {
  /** Values of one label that are told apart. */
  readonly maxLabelValues: number;
  /** Upper bounds in place of those of the catalogue. */
  readonly buckets: Partial<Readonly<Record<BucketKind, readonly number[]>>>;
}

export class Families {
  readonly #families = new Map<MetricName, Family<Cell | HistogramCell | IntegralCell>>();
  readonly #guard: LabelGuard;

  constructor({ maxLabelValues, buckets }: FamiliesOptions) {
    this.#guard = new LabelGuard(maxLabelValues);
    for (const [key, spec] of Object.entries<MetricSpec>(CATALOGUE)) {
      const kind = spec.buckets;
      const bounds = kind === undefined ? undefined : Float64Array.from(buckets[kind] ?? BUCKETS[kind]);
      const make = (): Cell | HistogramCell | IntegralCell => {
        if (bounds !== undefined) return new HistogramCell(bounds);
        return INTEGRALS.has(key) ? new IntegralCell() : new Cell();
      };
      this.#families.set(key as MetricName, new Family(key, spec, make));
    }
    for (const label of OPEN_LABELS) this.of('cano_metrics_dropped_label_values_total').child(label);
  }

  of<N extends MetricName>(name: N): Family<CellOf<N>> {
    return this.#families.get(name) as unknown as Family<CellOf<N>>;
  }

  all(): Iterable<Family<Cell | HistogramCell | IntegralCell>> {
    return this.#families.values();
  }

  /** The value under which something is counted that a program has named: itself, or that of all that came too late. */
  admit(label: OpenLabel, value: string): string {
    const kept = this.#guard.admit(label, value);
    if (kept !== value) this.of('cano_metrics_dropped_label_values_total').child(label).value += 1;
    return kept;
  }
}
