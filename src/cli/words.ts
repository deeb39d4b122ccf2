/** Reads the words of a command: flags, and what stands without one. Pure. */
import { parseArgs } from 'node:util';
import { suggestion, usageError } from './usage.ts';

export interface Words {
  /** By flag without dashes; true for a switch. The last one counts where a flag is given twice. */
  readonly flags: ReadonlyMap<string, string | true>;
  /** All values of flags that may be given more than once. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
}

export interface WordRules {
  /** Flags, and whether they take a value. */
  readonly takesValue: ReadonlyMap<string, boolean>;
  /** Flags whose values add up. */
  readonly lists?: readonly string[];
  /** How many words without a flag there may be. */
  readonly positionals?: number;
  /** Where all flags are listed, for the message. */
  readonly helpAt: string;
}

/** @throws CanoError `CANO_USAGE` */
export function readWords(rest: readonly string[], rules: WordRules): Words {
  const { takesValue, lists: listed = [], positionals: most = 0, helpAt } = rules;
  // Not strict: the messages of parseArgs name no remedy.
  const options = Object.fromEntries(
    [...takesValue].map(([flag, takes]) => [flag, { type: takes ? 'string' : 'boolean' } as const]),
  );
  const { tokens } = parseArgs({
    args: [...rest],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const flags = new Map<string, string | true>();
  const lists = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      positionals.push(token.value);
      if (positionals.length <= most) continue;
      throw usageError(`unexpected argument '${token.value}'`, 'values belong to a flag, as in --name value');
    }
    const { name, rawName, value } = token;
    const takes = takesValue.get(name);
    if (takes === undefined) {
      const near = suggestion(name, takesValue.keys())?.replace("'", "'--");
      throw usageError(`unknown flag ${rawName}`, near ?? `${helpAt} lists what there is`);
    }
    // parseArgs takes whatever follows for the value; a flag that follows is more likely a value left out.
    if (takes && (value === undefined || (!token.inlineValue && /^-(?![\d.])/.test(value)))) {
      throw usageError(
        `--${name} needs a value${value === undefined ? '' : `, and ${value} follows it`}`,
        `write --${name} VALUE`,
      );
    }
    if (listed.includes(name)) lists.set(name, [...(lists.get(name) ?? []), value as string]);
    else flags.set(name, value ?? true);
  }
  return { flags, lists, positionals };
}

/** Whether a switch is on. @throws CanoError `CANO_USAGE` */
export function isOn(flag: string, word: string | true | undefined): boolean {
  if (word === undefined || word === true) return word === true;
  throw usageError(`--${flag} takes no value, got '${word}'`);
}

/** One of the names; undefined when the flag is not given. @throws CanoError `CANO_USAGE` */
export function oneOf<Name extends string>(
  flag: string,
  word: string | true | undefined,
  names: readonly Name[],
): Name | undefined {
  const found = names.find((name) => name === word);
  if (word === undefined || found !== undefined) return found;
  throw usageError(`--${flag} must be one of ${names.join(', ')}, got '${word}'`, suggestion(String(word), names));
}

/** @throws CanoError `CANO_USAGE` */
export function integer(flag: string, word: string | true, min: number, max: number): number {
  const value = /^\d+$/.test(String(word)) ? Number(word) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`--${flag} must be an integer from ${min} to ${max}, got '${word}'`);
}
