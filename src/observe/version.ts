import { existsSync, readFileSync } from 'node:fs';

/** The version of cano, from its package.json. */
export function version(): string {
  // src/observe from source; dist/src/chunks or dist/src/cli when built.
  const found = ['../../package.json', '../../../package.json', '../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
  return found === undefined ? 'unknown' : (JSON.parse(readFileSync(found, 'utf8')) as { version: string }).version;
}
