/** Who writes to stdout. */
import type { Sink } from '../observe/reporter.ts';

// Taken before user code can be there.
const { stdout, stderr } = process;
const toStdout = stdout.write.bind(stdout);
const toStderr = stderr.write.bind(stderr);

/** Whether a program is to read what the command with these words says on stdout. */
export function isReadByPrograms([command, ...rest]: readonly string[]): boolean {
  switch (command) {
    case 'graph':
      return true;
    case 'bench':
      return rest.includes('--json');
    case 'run':
      return rest.some((word, at) => word === '--reporter=json' || (word === 'json' && rest[at - 1] === '--reporter'));
    default:
      return false;
  }
}

/** From now on stdout is for what is written to the returned sink; whatever else prints, threads included, goes to stderr. */
export function keepStdout(): Sink {
  stdout.write = toStderr;
  return { write: (text) => toStdout(text) };
}

/** Resolves when all that was written has left the process. */
export async function flushed(): Promise<void> {
  for (const [stream, write] of [
    [stdout, toStdout],
    [stderr, toStderr],
  ] as const) {
    if (!stream.destroyed && stream.writableLength > 0)
      await new Promise<void>((resolve) => write('', undefined, () => resolve()));
  }
}
