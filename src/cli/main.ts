#!/usr/bin/env node
/** The command `cano`: binds the commands to the process. */
import { writeSync } from 'node:fs';
import { version } from '../observe/version.ts';
import { execute } from './commands.ts';
import type { Io } from './io.ts';
import { handOver, ProjectCopy } from './project-copy.ts';
import { flushed, isReadByPrograms, keepStdout } from './stdout.ts';
import { EXIT } from './usage.ts';

const argv = process.argv.slice(2);
const io: Io = {
  out: isReadByPrograms(argv) ? keepStdout() : process.stdout,
  err: process.stderr,
  env: process.env,
  exit: (code) => process.exit(code),
};
const debug = process.env['CANO_DEBUG'] ?? '';
const verbose = argv.includes('--verbose') || (debug !== '' && debug !== '0');

// Whoever read our output has gone, as `head` does: nothing more can be told, and the run goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// The command ends with process.exit. Where nothing is left that could happen before that, Node would end the process with a
// code of its own and without a word.
process.once('beforeExit', () => {
  writeSync(
    process.stderr.fd,
    'cano: it waits for a promise that never settles, of the file, its store or services, or of a prep, exec or post on the main thread\n',
  );
  process.exit(EXIT.failed);
});

let code: number;
try {
  code = await execute(argv, { script: process.argv[1] as string, version: version(), verbose }, io);
} catch (error) {
  if (!(error instanceof ProjectCopy)) throw error;
  // Ends the process by itself.
  await handOver(error, io);
  code = EXIT.failed;
}
// Not process.exitCode: a socket or timer that a pipeline left open would keep the process alive.
await flushed();
process.exit(code);
