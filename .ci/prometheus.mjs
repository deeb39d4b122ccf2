// Unpacks Debian's prometheus and promtool into .prometheus, for the checks of grafana/. They are not installed: that would
// take root, and would start a service. Not in node_modules, which `npm ci` empties. Elsewhere than on Debian and Ubuntu: put both on the PATH.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, '.prometheus');
const binaries = ['prometheus', 'promtool'].map((name) => join(target, name));

const onPath = (process.env.PATH ?? '')
  .split(delimiter)
  .find((folder) => ['prometheus', 'promtool'].every((name) => existsSync(join(folder, name))));

if (onPath !== undefined || binaries.every((path) => existsSync(path))) {
  console.log(`prometheus is there: ${onPath ?? target}`);
} else {
  const scratch = mkdtempSync(join(root, '.prometheus-'));
  try {
    unpack(scratch);
    rmSync(target, { recursive: true, force: true });
    renameSync(join(scratch, 'root/usr/bin'), target);
    console.log(`unpacked into ${target}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function unpack(scratch) {
  // The lists of the machine may be absent or out of date, and are root's: then lists of our own.
  if (!download(scratch, [])) {
    for (const folder of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(scratch, folder), { recursive: true });
    const own = ['-o', `Dir::State::lists=${join(scratch, 'lists')}`, '-o', `Dir::Cache=${join(scratch, 'cache')}`];
    if (!run(scratch, 'apt-get', ['-q', ...own, 'update']) || !download(scratch, own)) {
      console.error('prometheus could not be downloaded: put prometheus and promtool on the PATH by other means');
      process.exit(1);
    }
  }
  const deb = readdirSync(scratch).find((file) => file.endsWith('.deb'));
  if (!run(scratch, 'dpkg-deb', ['-x', deb, 'root'])) process.exit(1);
}

function download(folder, options) {
  return run(folder, 'apt-get', ['-q', ...options, 'download', 'prometheus']);
}

function run(cwd, command, args) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status === 0;
}
