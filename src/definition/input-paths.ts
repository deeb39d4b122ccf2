/** What the path inputs of a pipeline point at. */
import { statSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { CanoError } from '../core/errors.ts';
import type { InputFlag } from './inputs.ts';

/**
 * Checks that what the inputs point at is there.
 *
 * @param called what the user calls an input
 * @throws CanoError `CANO_USAGE`
 */
export function checkPaths(
  flags: readonly InputFlag[],
  inputs: Readonly<Record<string, unknown>>,
  called: (flag: InputFlag) => string,
): void {
  for (const flag of flags) {
    const { name, declared } = flag;
    const value = inputs[name];
    if (declared.type !== 'path' || declared.mustBe === undefined || typeof value !== 'string') continue;
    const stats = look(value);
    const path = resolve(value);
    if (stats === undefined) {
      throw new CanoError(
        'CANO_USAGE',
        `${called(flag)}: there is no ${declared.mustBe} '${value}' (looked for ${path})`,
      );
    }
    const isRight = declared.mustBe === 'folder' ? stats.isDirectory() : !stats.isDirectory();
    if (!isRight)
      throw new CanoError('CANO_USAGE', `${called(flag)}: '${value}' is not a ${declared.mustBe} (${path})`);
  }
}

// What may not be looked at is, for the user, not there.
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
