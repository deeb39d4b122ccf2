/**
 * `cano/prometheus`: the metrics of engines and schedulers for a registry of prom-client.
 *
 * P1 The client library is the caller's and is handed in: two copies of it have two registries, and what is in the one is
 *    missing in the other. Its global registry is never touched.
 * P2 The client renders; it does not count. Its counters cost some 300 ns per update, cells some nanoseconds.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock, type Clock } from './core/clock.ts';
import { describeValue, InvalidOptionError, messageOf } from './core/errors.ts';
import { outlineOf } from './definition/outline.ts';
import type { WorkflowDefinition } from './definition/workflow.ts';
import { BUCKETS, type BucketKind } from './observe/metrics/catalogue.ts';
import { HistogramCell, type Family, type Labels } from './observe/metrics/cells.ts';
import { Metrics } from './observe/metrics/metrics.ts';
import type { DeclaredWorkflow } from './observe/metrics/run-collector.ts';
import { version } from './observe/version.ts';
import type { Engine } from './orchestrator/types.ts';
import type { Scheduler } from './scheduler/scheduler.ts';

const DEFAULT_MAX_LABEL_VALUES = 200;

/** What is needed of a registry of prom-client 15 or @prometheus-io/client 0.16. */
export interface PrometheusRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
  // Its own type names classes of the client.
  registerMetric(metric: never): void;
}

export interface PrometheusOptions {
  /** The client library: `import * as client from 'prom-client'`. */
  readonly client: { readonly Registry: new () => PrometheusRegistry };
  /** Where the metrics are added. @default a registry of its own */
  readonly registry?: PrometheusRegistry | undefined;
  /** What is observed; `exporter.observe` adds more. */
  readonly engine?: Engine<never> | undefined;
  readonly scheduler?: Scheduler | undefined;
  /**
   * Series of these, and of the workflows of schedules, begin at 0 before their first run, so that nothing of it is missed.
   * Others are met at their first run.
   */
  readonly workflows?: readonly { readonly definition: WorkflowDefinition }[] | undefined;
  /** Upper bounds of histograms, ascending: in seconds, for `bytes` in bytes. @default those of the catalogue */
  readonly buckets?: Partial<Readonly<Record<BucketKind, readonly number[]>>> | undefined;
  /** Values of one label that are told apart; all further ones are counted as `__other__`. @default 200 */
  readonly maxLabelValues?: number | undefined;
}

export interface PrometheusExporter {
  readonly registry: PrometheusRegistry;
  readonly contentType: string;
  /** The text format of Prometheus, as of now. */
  render(): Promise<string>;
  /** Answers a request of `node:http` with it. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes further engines, schedulers and workflows in. What is in already is not counted twice. */
  observe(more: Pick<PrometheusOptions, 'engine' | 'scheduler' | 'workflows'>): void;
  /** Counts nothing any more; what has been counted can still be rendered. */
  close(): void;
}

/**
 * Exports what engines and schedulers do to Prometheus. The names are in `observe/metrics/catalogue.ts` and on the page of
 * metrics in `grafana/`.
 *
 * @throws InvalidOptionError when an option cannot be used
 * @example
 * import * as client from 'prom-client';
 * const exporter = prometheusExporter({ client, engine });
 * createServer(exporter.handler).listen(9464, '127.0.0.1');
 */
export function prometheusExporter(options: PrometheusOptions): PrometheusExporter {
  return prometheusExporterWith(options, systemClock);
}

/** @internal An exporter by the clock of its engines, when that is not the machine's. */
export function prometheusExporterWith(options: PrometheusOptions, clock: Clock): PrometheusExporter {
  const registry = registryOf(options);
  const metrics = new Metrics({
    version: version(),
    maxLabelValues: checkMax(options.maxLabelValues ?? DEFAULT_MAX_LABEL_VALUES),
    buckets: checkBuckets(options.buckets ?? {}),
    clock,
    declare: ({ definition }) => declaredOf(definition as WorkflowDefinition),
  });
  const refresh = oncePerTurn(() => metrics.refresh());
  try {
    for (const family of metrics.families.all()) registry.registerMetric(exported(family, refresh) as never);
  } catch (error) {
    throw new InvalidOptionError(
      `prometheusExporter: the registry does not take the metrics of cano: ${messageOf(error)}. Several engines share one exporter: exporter.observe({ engine })`,
      { cause: error },
    );
  }
  const exporter: PrometheusExporter = {
    registry,
    get contentType() {
      return registry.contentType;
    },
    render: () => registry.metrics(),
    handler: (_request, response) => {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        (error: unknown) =>
          response.writeHead(500, { 'content-type': 'text/plain' }).end(`metrics: ${messageOf(error)}\n`),
      );
    },
    observe: ({ engine, scheduler, workflows = [] }) => {
      for (const { definition } of workflows) metrics.declare(declaredOf(definition));
      if (engine !== undefined) metrics.addEngine(engine);
      if (scheduler !== undefined) metrics.addScheduler(scheduler);
    },
    close: () => metrics.close(),
  };
  exporter.observe(options);
  return exporter;
}

/** Gauges of prom-client that are named like counters. Each is the sum of one that has its name without `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** @internal A new registry with the client's metrics of the process, but for those that `promtool check metrics` refuses. */
export function processRegistry<R extends { removeSingleMetric(name: string): void }>(client: {
  readonly Registry: new () => R;
  readonly collectDefaultMetrics: (options: { readonly register: R }) => void;
}): R {
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}

/** A metric as a registry of both client libraries takes it. */
function exported(family: Family<AnyCell>, refresh: () => void): object {
  const { name, spec } = family;
  const { type, help } = spec;
  const metric = {
    // In its mode for OpenMetrics the registry takes `_total` off it, and puts it back behind each sample.
    name,
    help,
    type,
    aggregator: 'sum',
    /** For the text format. */
    getForPromString: async () => {
      refresh();
      return { name: metric.name, help, type, aggregator: 'sum', values: samplesOf(family) };
    },
    /** For all else: there labels stand together. */
    get: async () => {
      const { values, ...rest } = await metric.getForPromString();
      return {
        ...rest,
        values: values.map(({ labels, sharedLabels, value, metricName }) => {
          const sample = { value, labels: Object.assign({}, labels, sharedLabels) };
          return metricName === undefined ? sample : Object.assign(sample, { metricName });
        }),
      };
    },
    // The cells are not the registry's to reset.
    reset: () => {},
  };
  return metric;
}

type AnyCell = { readonly value: number } | HistogramCell;

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  /** Labels whose text the registry keeps from scrape to scrape, by their object. */
  readonly sharedLabels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

const NO_LABELS: Sample['labels'] = {};

function samplesOf(family: Family<AnyCell>): Sample[] {
  const samples: Sample[] = [];
  for (const { labels, cell } of family.children()) {
    if (cell instanceof HistogramCell) addHistogram(samples, family.name, labels, cell);
    else samples.push({ labels: NO_LABELS, sharedLabels: labels, value: cell.value });
  }
  return samples;
}

function addHistogram(samples: Sample[], name: string, sharedLabels: Labels, cell: HistogramCell): void {
  const { bounds, counts, sum } = cell;
  const metricName = `${name}_bucket`;
  let upTo = 0;
  bounds.forEach((le, at) => {
    upTo += counts[at] as number;
    samples.push({ labels: { le }, sharedLabels, value: upTo, metricName });
  });
  const count = upTo + (counts[bounds.length] as number);
  samples.push(
    { labels: { le: '+Inf' }, sharedLabels, value: count, metricName },
    { labels: NO_LABELS, sharedLabels, value: sum, metricName: `${name}_sum` },
    { labels: NO_LABELS, sharedLabels, value: count, metricName: `${name}_count` },
  );
}

/** A registry asks all of its metrics in one turn of the event loop: the first to be asked brings all up to date. */
function oncePerTurn(refresh: () => void): () => void {
  let isFresh = false;
  return () => {
    if (isFresh) return;
    isFresh = true;
    queueMicrotask(() => (isFresh = false));
    refresh();
  };
}

function declaredOf(definition: WorkflowDefinition): DeclaredWorkflow {
  return { name: definition.name, nodes: outlineOf(definition) };
}

function registryOf({ client, registry }: PrometheusOptions): PrometheusRegistry {
  if (typeof (client as { Registry?: unknown } | undefined)?.Registry !== 'function') {
    throw new InvalidOptionError(
      `prometheusExporter: client must be the client library (import * as client from 'prom-client'), got ${describeValue(client)}`,
    );
  }
  if (registry === undefined) return new client.Registry();
  if (typeof (registry as { registerMetric?: unknown } | null)?.registerMetric === 'function') return registry;
  throw new InvalidOptionError(
    `prometheusExporter: registry must be a Registry of the client, got ${describeValue(registry)}`,
  );
}

function checkMax(most: unknown): number {
  if (Number.isSafeInteger(most) && (most as number) >= 1) return most as number;
  throw new InvalidOptionError(
    `prometheusExporter: maxLabelValues must be an integer >= 1, got ${describeValue(most)}`,
  );
}

function checkBuckets(buckets: NonNullable<PrometheusOptions['buckets']>): typeof buckets {
  for (const [kind, bounds] of Object.entries(buckets) as [string, unknown][]) {
    if (!(kind in BUCKETS)) {
      throw new InvalidOptionError(
        `prometheusExporter: there are no buckets '${kind}'; there are ${Object.keys(BUCKETS).join(', ')}`,
      );
    }
    const isAscending =
      Array.isArray(bounds) &&
      bounds.length > 0 &&
      bounds.every((bound: unknown, at) => Number.isFinite(bound) && (at === 0 || (bound as number) > bounds[at - 1]));
    if (!isAscending) {
      throw new InvalidOptionError(
        `prometheusExporter: buckets.${kind} must be numbers in ascending order, got ${describeValue(bounds)}`,
      );
    }
  }
  return buckets;
}
