// Pre-script of every npm command that needs node_modules: on a fresh clone, or after the lock file has changed, it
// runs `npm ci`; otherwise it costs two `stat` calls. No dependency, since it runs before there are any. With an argument,
// in that folder: bench/ is a package of its own.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(new URL('..', import.meta.url)), process.argv[2] ?? '.');

const modifiedAt = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs;

/** Why an install is due, or undefined. npm writes the inner lock file at the end of every install. */
function reasonToInstall() {
  const installedAt = modifiedAt('node_modules/.package-lock.json');
  if (installedAt === undefined) return 'node_modules is absent';
  const lockedAt = modifiedAt('package-lock.json');
  if (lockedAt !== undefined && lockedAt > installedAt) return 'node_modules is older than package-lock.json';
  return undefined;
}

/** The npm that is running this script if there is one: `npm` on the PATH may be another, and is a .cmd on Windows. */
function npmCommand() {
  const running = process.env.npm_execpath;
  if (running !== undefined && basename(running) === 'npm-cli.js') return [process.execPath, [running], false];
  return ['npm', [], process.platform === 'win32'];
}

const reason = reasonToInstall();
if (reason !== undefined) {
  console.error(`cano: ${reason}, running npm ci in ${root}`);
  const [command, args, shell] = npmCommand();
  // stdout belongs to the command that follows (`npm start -- --reporter json` is read by machines), so npm gets stderr.
  // The tools are devDependencies: a NODE_ENV=production in the environment must not leave them out.
  const { status, error } = spawnSync(command, [...args, 'ci', '--include=dev'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell,
  });
  if (error !== undefined) console.error(`cano: npm could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
