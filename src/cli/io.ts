/** What the commands see of the process. */
import type { Sink } from '../observe/reporter.ts';

export interface Io {
  readonly out: Sink & { getColorDepth?(env?: object): number };
  readonly err: Sink & { getColorDepth?(env?: object): number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}
