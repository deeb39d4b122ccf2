/** Finds the text files of a folder, in an order that does not depend on the machine. */
import { readdirSync, type Dirent } from 'node:fs';
import { join, sep } from 'node:path';
import { MARKER } from './output.ts';

// Read the name, not the file: a tree of a million files must not be opened to find two thousand.
const TEXT_FILES =
  /(?:^|\/)(?:[^./]+|[^/]*\.(?:c|cc|cfg|conf|cpp|cs|css|csv|cts|go|h|hpp|htm|html|ini|java|js|json|jsonl|jsx|kt|log|lua|map|markdown|md|mjs|cjs|mts|php|pl|py|r|rb|rs|rst|scala|sh|sql|svg|swift|tex|text|toml|ts|tsv|tsx|txt|vue|xml|yaml|yml))$/i;
const NEVER_ENTERED: ReadonlySet<string> = new Set(['.git', '.hg', '.svn']);

export interface Scan {
  /** Relative paths with forward slashes, sorted by code units, at most `limit`. */
  readonly paths: string[];
  /** Folders that could not be listed. */
  readonly unreadableFolders: string[];
}

/**
 * Walks a folder depth first. A text file is one whose name says so, or has no dot. Symbolic links are not followed: they
 * could lead in circles, and out of the folder. What this pipeline wrote below the folder is left out.
 *
 * @param limit stops after so many text files; the rest of the tree is not looked at
 */
export function scan(root: string, limit: number): Scan {
  const paths: string[] = [];
  const unreadableFolders: string[] = [];
  const walk = (folder: string, prefix: string): void => {
    let entries: Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      unreadableFolders.push(prefix === '' ? '.' : prefix.slice(0, -1));
      return;
    }
    if (prefix !== '' && entries.some(({ name }) => name === MARKER)) return;
    // A folder sorts as its path with a slash: so the walk meets all paths in their order and can stop at the limit.
    const named = entries.map((entry) => ({ entry, name: entry.isDirectory() ? `${entry.name}/` : entry.name }));
    named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (const { entry, name } of named) {
      if (paths.length >= limit) return;
      const path = `${prefix}${name}`;
      if (entry.isDirectory()) {
        if (!NEVER_ENTERED.has(entry.name)) walk(join(folder, entry.name), path);
      } else if (!entry.isSymbolicLink() && TEXT_FILES.test(path)) {
        paths.push(path);
      }
    }
  };
  walk(root, '');
  return { paths, unreadableFolders };
}

/** The path of the machine for a path of `scan`. */
export function absolute(root: string, path: string): string {
  return join(root, path.split('/').join(sep));
}
