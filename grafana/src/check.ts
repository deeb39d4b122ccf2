/**
 * The acceptance: the example under load for two minutes, Prometheus with the provisioned files, every query.
 *
 *   npm run grafana:check              prints panels, queries and failures; fails when there are any
 *   npm run grafana:check -- 90        for so many seconds
 */
import { checkLive, summaryOf } from './live.ts';
import { lint } from './lint.ts';
import { loadUntil } from './load.ts';
import { readDashboards } from './model.ts';
import { findPrometheus, HOW_TO_GET, Prometheus } from './prometheus.ts';
import { promtool } from './promtool.ts';
import { Serving } from './serving.ts';

const seconds = Number(process.argv[2] ?? 120);
if (!(seconds >= 75))
  throw new Error(`at least 75 seconds: some rules are asked once a minute; got ${process.argv[2]}`);
const binaries = findPrometheus();
if (binaries === undefined) throw new Error(HOW_TO_GET);

const dashboards = readDashboards();
const serving = await Serving.start();
let prometheus: Prometheus | undefined;
try {
  prometheus = await Prometheus.start({ binaries, target: serving.target });
  console.log(`${serving.url} is under load for ${seconds} s`);
  const from = Date.now() / 1_000;
  await loadUntil(AbortSignal.timeout(seconds * 1_000), serving);
  const to = Date.now() / 1_000;
  // $__rate_interval of Grafana at a scrape interval of 5 s: four of them.
  const window = { from, to, step: 5, rateInterval: '20s', range: `${Math.ceil(to - from)}s` };
  const result = await checkLive(prometheus, dashboards, window);
  const tools = [
    ...(await promtool(binaries, ['check', 'metrics'], await serving.metrics())),
    ...(await promtool(binaries, ['check', 'rules'])),
    ...(await promtool(binaries, ['test', 'rules'])),
  ];
  const lints = dashboards.flatMap(lint);
  console.log(summaryOf(result));
  console.log(
    `lint: ${lints.length} failures; promtool check metrics, check rules, test rules: ${tools.length} failures`,
  );
  for (const each of [...lints, ...tools]) console.log(`FAILED ${each}`);
  process.exitCode = result.failures.length + lints.length + tools.length === 0 ? 0 : 1;
} finally {
  await prometheus?.stop();
  await serving.stop();
}
