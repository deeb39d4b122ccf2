/** The page of metrics, made of the catalogue. */
import { BUCKETS, CATALOGUE, SERVER_CATALOGUE, type MetricSpec } from '../../src/observe/metrics/catalogue.ts';

const GROUPS: readonly (readonly [prefix: string, title: string])[] = [
  ['cano_workflow_', 'Workflows'],
  ['cano_node_', 'Nodes'],
  ['cano_pool_', 'Pools'],
  ['cano_thread_', 'Threads'],
  ['cano_event_loop_', 'Main thread'],
  ['cano_scheduler_', 'Schedules'],
  ['cano_', 'Else'],
];

/** METRICS.md. */
export function metricsPage(): string {
  const rest = new Map<string, MetricSpec>(Object.entries(CATALOGUE));
  const sections = GROUPS.map(([prefix, title]) => {
    const own = [...rest].filter(([name]) => name.startsWith(prefix));
    for (const [name] of own) rest.delete(name);
    return `## ${title}\n\n${table(own)}`;
  });
  return `# The metrics of cano

Made from \`src/observe/metrics/catalogue.ts\` by \`npm run grafana\`; not to be edited. Seconds, bytes and shares of 1 throughout.
\`thread\` is the number of a thread in its pool: 0, 1, …; a thread that replaces another takes over its number. \`pool\` is the name of an
engine. Of each label whose values a program chooses, 200 are told apart (\`maxLabelValues\`); the rest is counted as \`__other__\`.

${sections.join('\n\n')}

## The server of cano

\`cano serve\` and \`cano/server\` have these besides, and what prom-client tells of the process (\`process_*\`, \`nodejs_*\`).

${table(Object.entries(SERVER_CATALOGUE))}

## Buckets of histograms

A histogram is the three series \`_bucket\` (with the label \`le\`), \`_sum\` and \`_count\`. \`prometheusExporter({ buckets })\` sets other bounds.

| buckets | upper bounds |
|---|---|
${Object.entries(BUCKETS)
  .map(([kind, bounds]) => `| ${kind} (${kind === 'bytes' ? 'bytes' : 'seconds'}) | ${bounds.join(' ')} |`)
  .join('\n')}
`;
}

function table(metrics: readonly (readonly [name: string, spec: MetricSpec])[]): string {
  const rows = metrics.map(([name, { type, labels, help, buckets }]) => {
    const kind = buckets === undefined ? type : `${type} (${buckets})`;
    const shown = labels.map((label) => `\`${label}\``).join(' ');
    return `| \`${name}\` | ${kind} | ${shown} | ${help.replaceAll('|', ', ')} |`;
  });
  return ['| name | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
}
