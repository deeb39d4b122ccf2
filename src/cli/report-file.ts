/** `--report FILE`: the page about a run's time. */
import type { Run } from '../index.ts';
import { renderPage } from '../observe/report/page.ts';
import { Timeline } from '../observe/report/timeline.ts';
import { writeWhole } from './output-file.ts';

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

/** Whether it can be written has been asked (`requireWritable`). */
export function openReport(file: string): ReportFile {
  const timeline = new Timeline();
  return {
    file,
    timeline,
    write: (run, failure) =>
      writeWhole(file, renderPage({ report: run.report(), state: run.state, timeline, failure })),
  };
}
