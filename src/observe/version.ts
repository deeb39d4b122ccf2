import { existsSync, readFileSync } from 'node:fs';

/** The version of cano, from its package.json. */
export function version(): string {
  const found = manifestUrl();
  return found === undefined ? 'unknown' : (JSON.parse(readFileSync(found, 'utf8')) as { version: string }).version;
}

/** Its package.json. */
export function manifestUrl(): URL | undefined {
  // src/observe from source; dist/src/chunks or dist/src/cli when built.
  return ['../../package.json', '../../../package.json', '../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
}
