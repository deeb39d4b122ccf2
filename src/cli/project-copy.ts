/**
 * The copy of cano that a project has installed. It runs the pipelines of the project, whichever copy was called: the files
 * import it, and two copies in one process know neither each other's stores nor each other's shared values.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { manifestUrl, version } from '../observe/version.ts';
import type { Io } from './io.ts';

/** Says that another copy has to do what was asked for. Nothing of the file has been loaded yet. */
export class ProjectCopy extends Error {
  /** The script of its command. */
  readonly script: string;
  readonly version: string;

  constructor(script: string, ofVersion: string) {
    super(`cano ${ofVersion} in ${script} is the one that the file imports`);
    this.script = script;
    this.version = ofVersion;
  }
}

/** @throws ProjectCopy when `file`, an absolute path of a file that is there, imports another copy of cano than this one */
export function refuseForeign(file: string): void {
  const manifest = manifestFor(file);
  const own = manifestUrl();
  if (manifest === undefined || own === undefined || realpathSync(manifest) === realpathSync(fileURLToPath(own)))
    return;
  const { bin, version: theirs } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly version: string;
    readonly bin?: { readonly cano?: string };
  };
  const script = bin?.cano === undefined ? undefined : join(dirname(manifest), bin.cano);
  // The sources of cano that nobody has built have no command.
  if (script !== undefined && existsSync(script)) throw new ProjectCopy(script, theirs);
}

/** Has the other copy do all that this process was asked for, its end included. */
export async function handOver(to: ProjectCopy, io: Io): Promise<void> {
  if (to.version !== version()) io.err.write(`cano ${to.version} of the project runs this, not cano ${version()}\n`);
  // Processes that it starts are to begin there.
  process.argv[1] = to.script;
  await import(pathToFileURL(to.script).href);
}

function manifestFor(file: string): string | undefined {
  try {
    // Its imports are looked for from where it really is.
    return createRequire(realpathSync(file)).resolve('cano/package.json');
  } catch {
    return undefined;
  }
}
