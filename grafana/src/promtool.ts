/** What promtool says of the metrics and of the files of prometheus/. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GRAFANA } from './model.ts';
import type { Binaries } from './prometheus.ts';

export type Command =
  | readonly ['check', 'metrics']
  | readonly ['check', 'rules']
  | readonly ['test', 'rules']
  | readonly ['check', 'config'];

/**
 * Its complaints.
 *
 * @param input for `check metrics`
 * @param folder with `rules` and `tests`, and prometheus.yml
 */
export async function promtool(
  { promtool: binary }: Binaries,
  command: Command,
  input = '',
  folder: string = join(GRAFANA, 'prometheus'),
): Promise<string[]> {
  const child = spawn(binary, [...command, ...filesOf(command, folder)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return [];
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return [`promtool ${command.join(' ')}: ${lines.join('\n')}`];
}

function filesOf([verb, what]: Command, folder: string): string[] {
  if (what === 'metrics') return [];
  if (what === 'config') return [join(folder, 'prometheus.yml')];
  const files = join(folder, verb === 'test' ? 'tests' : 'rules');
  return readdirSync(files).map((file) => join(files, file));
}
