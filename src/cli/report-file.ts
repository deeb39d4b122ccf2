/**
 * `--report FILE`: the page about a run's time.
 *
 * F1 Whether the file can be written is found out before anything is run, and it is replaced whole or not at all.
 */
import { rmSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Run } from '../index.ts';
import { renderPage } from '../observe/report/page.ts';
import { Timeline } from '../observe/report/timeline.ts';
import { usageError } from './usage.ts';

export interface ReportFile {
  /** As the user wrote it. */
  readonly file: string;
  /** Is to be told of every event of the run. */
  readonly timeline: Timeline;
  /**
   * Writes the page of a run that is over.
   *
   * @param failure what went wrong, in lines
   * @throws what the file system says
   */
  write(run: Run, failure: readonly string[] | undefined): void;
}

/** @throws CanoError `CANO_USAGE` when there can be no such file */
export function openReport(file: string): ReportFile {
  const path = resolve(file);
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usageError(`--report: there is no folder '${folder}' for '${file}'`, 'make it, or name another file');
  }
  const present = statSync(path, { throwIfNoEntry: false });
  if (present?.isDirectory() === true) {
    throw usageError(`--report: '${file}' is a folder`, 'name a file in it, as in --report report.html');
  }
  // Replaced as a file is, a device would be gone.
  if (present?.isFile() === false) throw usageError(`--report: '${file}' is no regular file`, 'name one');
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, '');
  } catch (error) {
    throw usageError(
      `--report: '${file}' cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    );
  }
  rmSync(unfinished);
  const timeline = new Timeline();
  return {
    file,
    timeline,
    write(run, failure) {
      try {
        writeFileSync(unfinished, renderPage({ report: run.report(), state: run.state, timeline, failure }));
        renameSync(unfinished, path);
      } catch (error) {
        rmSync(unfinished, { force: true });
        throw error;
      }
    },
  };
}
