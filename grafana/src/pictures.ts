/**
 * Draws the pictures of the documents from the data of a real Prometheus: the example under load with one thread, then with two.
 *
 *   npm run grafana:pictures           five minutes
 *   npm run grafana:pictures -- 60     so many seconds for each of the two
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pictureOf, pngOf } from './draw/dashboard.ts';
import { loadUntil } from './load.ts';
import { GRAFANA, readDashboards } from './model.ts';
import { findPrometheus, HOW_TO_GET, Prometheus } from './prometheus.ts';
import { Serving } from './serving.ts';

const seconds = Number(process.argv[2] ?? 150);
const binaries = findPrometheus();
if (binaries === undefined) throw new Error(HOW_TO_GET);

let serving = await Serving.start({ CANO_THREADS: '1' });
let prometheus: Prometheus | undefined;
try {
  prometheus = await Prometheus.start({ binaries, target: serving.target });
  // The first rates are of 20 s.
  const from = Date.now() / 1_000 + 20;
  await loadUntil(AbortSignal.timeout(seconds * 1_000), serving);
  await serving.stop();
  // The same address: one target, whose process was started anew.
  serving = await Serving.start({ CANO_THREADS: '2' }, Number(new URL(serving.url).port));
  await loadUntil(AbortSignal.timeout(seconds * 1_000), serving);
  const to = Date.now() / 1_000;
  const window = { from, to, step: 5, rateInterval: '20s', range: `${Math.ceil(to - from)}s` };
  for (const dashboard of readDashboards()) {
    const png = pngOf(await pictureOf(prometheus, dashboard, window));
    writeFileSync(join(GRAFANA, 'pictures', `${dashboard.uid}.png`), png);
    console.log(`${dashboard.uid}.png: ${Math.round(png.length / 1_000)} kB`);
  }
} finally {
  await prometheus?.stop();
  await serving.stop();
}
