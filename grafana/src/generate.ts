/**
 * Writes what is generated: dashboards/*.json and METRICS.md.
 *
 *   npm run grafana                writes
 *   npm run grafana -- --check     says what differs, and fails then
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dashboardJson } from './build.ts';
import { DASHBOARDS } from './dashboards/index.ts';
import { metricsPage } from './page.ts';

const folder = new URL('../', import.meta.url);

/** Path in grafana/ and text of each generated file. */
export function generated(): ReadonlyMap<string, string> {
  return new Map([
    ...DASHBOARDS.map((spec) => [`dashboards/${spec.uid}.json`, dashboardJson(spec)] as const),
    ['METRICS.md', metricsPage()] as const,
  ]);
}

/** Paths of files that are not what they would be. */
export function outdated(): string[] {
  return [...generated()].filter(([path, text]) => text !== textOf(path)).map(([path]) => path);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, folder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = outdated();
  if (process.argv.includes('--check')) {
    for (const path of stale) console.error(`grafana/${path} is not what npm run grafana writes`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const [path, text] of generated()) writeFileSync(new URL(path, folder), text);
    console.log(stale.length === 0 ? 'nothing has changed' : stale.map((path) => `wrote grafana/${path}`).join('\n'));
  }
}
