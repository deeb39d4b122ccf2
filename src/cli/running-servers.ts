/**
 * How commands find a server that runs on this machine: each leaves a note while it lives.
 *
 * N1 Only notes of the same user are believed: a folder that belongs to somebody else is left alone.
 * N2 A note whose process has gone is removed by whoever finds it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ServerNote {
  readonly url: string;
  /** The configuration file that it serves. */
  readonly config: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Leaves a note of this process; returns what takes it back. */
export function announceServer(note: ServerNote, env: Env): () => void {
  const folder = folderOf(env);
  const file = join(folder, `serve-${process.pid}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(folder)) return () => {};
    writeFileSync(file, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  } catch {
    // Without a note the server is found by --url.
    return () => {};
  }
  const withdraw = (): void => rmSync(file, { force: true });
  process.once('exit', withdraw);
  return withdraw;
}

/** The servers of this user that run now. */
export function runningServers(env: Env): ServerNote[] {
  const folder = folderOf(env);
  if (!isOurs(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const [, pid] = /^serve-(\d+)\.json$/.exec(name) ?? [];
    if (pid === undefined) return [];
    const file = join(folder, name);
    if (!isAlive(Number(pid))) {
      rmSync(file, { force: true });
      return [];
    }
    try {
      return [JSON.parse(readFileSync(file, 'utf8')) as ServerNote];
    } catch {
      // Being written, or gone again.
      return [];
    }
  });
}

function folderOf(env: Env): string {
  const base = env['XDG_RUNTIME_DIR'];
  return join(base === undefined || base === '' ? tmpdir() : base, `cano-${process.getuid?.() ?? 'user'}`);
}

function isOurs(folder: string): boolean {
  try {
    const { uid } = statSync(folder);
    return process.getuid === undefined || uid === process.getuid();
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
