/**
 * Compares what tsc reports about fixture files with what comments in them expect.
 *
 * `//~ some text` expects a diagnostic on its own line whose message contains the text; each `^` after the `~` moves one
 * line up. Every diagnostic must be expected by at least one comment, every comment must be met.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One error of tsc. */
export interface Diagnostic {
  /** As tsc prints it: relative to the folder in which it ran, with forward slashes; empty for errors of no file. */
  readonly file: string;
  /** From 1; 0 for errors of no file. */
  readonly line: number;
  /** All of it, the indented lines that explain it included. */
  readonly message: string;
}

/** One `//~` comment. */
export interface Expectation {
  readonly line: number;
  readonly text: string;
}

/**
 * Runs tsc over a project.
 *
 * @param root the folder to run in
 * @param project path of the tsconfig.json
 */
export function diagnosticsOf(root: string, project: string): Diagnostic[] {
  const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(manifest), 'bin', 'tsc');
  const { stdout, stderr, status, error } = spawnSync(
    process.execPath,
    [tsc, '--noEmit', '--pretty', 'false', '-p', project],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (error !== undefined) throw error;
  const found = parseDiagnostics(stdout);
  // A crash of the compiler must not look like a clean project.
  if (status === null || (status !== 0 && found.length === 0)) {
    throw new Error(`tsc ended with ${String(status)}:\n${stdout}${stderr}`);
  }
  return found;
}

const OF_FILE = /^(.+?)\((\d+),\d+\): error (TS\d+: .*)$/;
const OF_NO_FILE = /^error (TS\d+: .*)$/;

/** Reads the output of `tsc --pretty false`. */
export function parseDiagnostics(output: string): Diagnostic[] {
  const found: { file: string; line: number; message: string }[] = [];
  for (const text of output.split(/\r?\n/)) {
    const [, file, line, message] = OF_FILE.exec(text) ?? [];
    const [, general] = OF_NO_FILE.exec(text) ?? [];
    const last = found.at(-1);
    if (file !== undefined && message !== undefined) {
      found.push({ file: file.replaceAll('\\', '/'), line: Number(line), message });
    } else if (general !== undefined) {
      found.push({ file: '', line: 0, message: general });
    } else if (text.startsWith(' ') && last !== undefined) {
      last.message += `\n${text}`;
    }
  }
  return found;
}

/** The `//~` comments of a source. */
export function expectationsOf(source: string): Expectation[] {
  return source.split('\n').flatMap((text, index) => {
    const [, carets = '', expected] = /\/\/~(\^*) (.+?)\s*$/.exec(text) ?? [];
    return expected === undefined ? [] : [{ line: index + 1 - carets.length, text: expected }];
  });
}

/** What differs between a file and the diagnostics that tsc has for it, one entry each; empty when they agree. */
export function differences(source: string, diagnostics: readonly Diagnostic[]): string[] {
  const expected = expectationsOf(source);
  const meets = (diagnostic: Diagnostic, { line, text }: Expectation): boolean =>
    diagnostic.line === line && diagnostic.message.includes(text);

  const unmet = expected.filter((expectation) => !diagnostics.some((diagnostic) => meets(diagnostic, expectation)));
  const unexpected = diagnostics.filter(
    (diagnostic) => !expected.some((expectation) => meets(diagnostic, expectation)),
  );
  return [
    ...unmet.map(({ line, text }) => `line ${line}: no error with the text: ${text}`),
    ...unexpected.map(({ line, message }) => `line ${line}: an error that is not expected: ${message}`),
  ];
}
