// Pre-script of the tests, as ensure-install.mjs: bench/ imports the package as it is built, so on a fresh clone that is done.
// One that is there is left alone, however old: the tests that are about it build their own.
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../dist/src/index.js', import.meta.url))) await import('./build.mjs');
