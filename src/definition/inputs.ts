/** The inputs of a pipeline: declared once, and from that their types, their flags and their checks. Pure. */
import { CanoError, describeValue, InvalidOptionError } from '../core/errors.ts';

interface Described {
  /** One line for `--help`. */
  readonly description: string;
  /** The command line refuses to run without it. Not together with a default. @default false */
  readonly required?: boolean;
}

export interface StringInput extends Described {
  readonly type: 'string';
  readonly default?: string;
  /** The only values allowed; they become the type of the value. */
  readonly choices?: readonly string[];
}

export interface NumberInput extends Described {
  readonly type: 'number' | 'integer';
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly number[];
}

/** A switch: `--name` and `--no-name`. */
export interface BooleanInput extends Described {
  readonly type: 'boolean';
  readonly default?: boolean;
}

export interface PathInput extends Described {
  readonly type: 'path';
  readonly default?: string;
  /** What must be there before the run starts; checked by the command line. */
  readonly mustBe?: 'file' | 'folder';
}

/** One input as its author declares it. */
export type InputDeclaration = StringInput | NumberInput | BooleanInput | PathInput;

/** The inputs of a pipeline by name, camelCase or kebab-case: `maxBytes` is the flag `--max-bytes`. */
export type InputDeclarations = Readonly<Record<string, InputDeclaration>>;

type Given<Declared> = Declared extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Declared extends { readonly type: 'number' | 'integer' }
    ? number
    : Declared extends { readonly type: 'boolean' }
      ? boolean
      : string;

/** Type of the value of one input: without default and without `required`, it may be undefined. */
export type InputValue<Declared> = Declared extends
  | { readonly default: string | number | boolean }
  | { readonly required: true }
  ? Given<Declared>
  : Given<Declared> | undefined;

/** The values of all inputs, as `store` and `summary` get them. */
export type InputValues<Declared> = { readonly [Name in keyof Declared]: InputValue<Declared[Name]> };

/** A flag of the command line that an input answers to. */
export interface InputFlag {
  /** Without dashes. */
  readonly flag: string;
  readonly name: string;
  readonly declared: InputDeclaration;
  /** What its value must be, as the end of "must be …". */
  readonly rule: string;
  /** `--no-…` of a boolean input. */
  readonly negates: boolean;
}

/** Flags of the command line itself, those of today and those kept for it: no input may be called so. */
export const RESERVED_FLAGS: ReadonlySet<string> = new Set(
  (
    'threads reporter compare pairs help version verbose quiet debug json trace report metrics repeat url config color profile ' +
    'resume checkpoints timeout priority run-id inline watch services log-level'
  ).split(' '),
);

const NAME = /^[a-z](?:[A-Za-z0-9]*|[a-z0-9]*(?:-[a-z0-9]+)+)$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** All flags of a declaration, in its order; a boolean has two. */
export function flagsOf(declared: InputDeclarations): InputFlag[] {
  return Object.entries(declared).flatMap(([name, declaration]) => {
    const flag = flagOf(name);
    const plain: InputFlag = { flag, name, declared: declaration, rule: ruleOf(declaration), negates: false };
    return declaration.type === 'boolean' ? [plain, { ...plain, flag: `no-${flag}`, negates: true }] : [plain];
  });
}

function flagOf(name: string): string {
  return name.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`);
}

/**
 * Checks a declaration when the pipeline is defined.
 *
 * @param at name of the pipeline, for the message
 * @throws InvalidOptionError
 */
export function checkDeclarations(at: string, declared: InputDeclarations): void {
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) {
    throw new InvalidOptionError(
      `${at}: inputs must be an object of declarations by name, got ${describeValue(declared)}`,
    );
  }
  for (const [name, declaration] of Object.entries(declared)) {
    const problem = problemOfName(name) ?? problemOfDeclaration(declaration);
    if (problem !== undefined) throw new InvalidOptionError(`${at}: input '${name}' ${problem}`);
  }
  const seen = new Map<string, string>();
  for (const { flag, name } of flagsOf(declared)) {
    const other = seen.get(flag);
    if (other !== undefined) {
      throw new InvalidOptionError(
        `${at}: inputs '${other}' and '${name}' have the same flag --${flag}: rename one of them`,
      );
    }
    seen.set(flag, name);
  }
}

function problemOfName(name: string): string | undefined {
  if (!NAME.test(name))
    return 'has a name that cannot become a flag: write it in camelCase or kebab-case, such as maxBytes';
  const flag = flagOf(name);
  if (!RESERVED_FLAGS.has(flag) && !flag.startsWith('no-')) return undefined;
  return `has a name that the command line keeps for itself (--${flag}): choose another one`;
}

function problemOfDeclaration(declared: InputDeclaration): string | undefined {
  const { type, description, required } = declared ?? {};
  if (type !== 'string' && type !== 'number' && type !== 'integer' && type !== 'boolean' && type !== 'path') {
    return `must have the type 'string', 'number', 'integer', 'boolean' or 'path', got ${describeValue(type)}`;
  }
  if (typeof description !== 'string' || description === '') {
    return `must have a description, which --help shows, got ${describeValue(description)}`;
  }
  if (declared.type === 'path' && ![undefined, 'file', 'folder'].includes(declared.mustBe)) {
    return `must have 'file' or 'folder' as mustBe, got ${describeValue(declared.mustBe)}`;
  }
  if ('choices' in declared && (!Array.isArray(declared.choices) || declared.choices.length === 0)) {
    return `must have a list of at least one value as choices, got ${describeValue(declared.choices)}`;
  }
  if (declared.default === undefined) return undefined;
  if (required === true) return 'has a default and is required: leave out one of the two';
  if (!isValid(declared, declared.default)) {
    return `has the default ${describeValue(declared.default)}, which is not ${ruleOf(declared)}`;
  }
  return undefined;
}

function ruleOf(declared: InputDeclaration): string {
  if ('choices' in declared && declared.choices !== undefined) return `one of ${declared.choices.join(', ')}`;
  switch (declared.type) {
    case 'string':
      return 'a text';
    case 'path':
      return 'a path';
    case 'boolean':
      return 'true or false';
    case 'number':
    case 'integer': {
      const bounds = [
        ...(declared.min === undefined ? [] : [`>= ${declared.min}`]),
        ...(declared.max === undefined ? [] : [`<= ${declared.max}`]),
      ];
      return [
        declared.type === 'integer' ? 'an integer' : 'a number',
        ...(bounds.length === 0 ? [] : [bounds.join(' and ')]),
      ].join(' ');
    }
    default:
      return declared satisfies never;
  }
}

function isValid(declared: InputDeclaration, value: unknown): boolean {
  if ('choices' in declared && declared.choices !== undefined) {
    return (declared.choices as readonly unknown[]).includes(value);
  }
  switch (declared.type) {
    case 'string':
      return typeof value === 'string';
    case 'path':
      return typeof value === 'string' && value !== '';
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
    case 'integer': {
      const { type, min = -Infinity, max = Infinity } = declared;
      const isNumber = type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
      return isNumber && (value as number) >= min && (value as number) <= max;
    }
    default:
      return declared satisfies never;
  }
}

/**
 * The values of all inputs.
 *
 * @param given what the user wrote, by flag without dashes: its text, or true for a flag without a value
 * @throws CanoError `CANO_USAGE` when a value cannot be used or a required one is missing
 */
export function parseInputs<const Declared extends InputDeclarations>(
  declared: Declared,
  given: ReadonlyMap<string, string | true>,
): InputValues<Declared> {
  const values = defaultsOf(declared);
  for (const { flag, name, declared: declaration, rule, negates } of flagsOf(declared)) {
    const text = given.get(flag);
    if (text === undefined) continue;
    const value = valueOf(declaration, text);
    if (!isValid(declaration, value)) throw usage(`--${flag} must be ${rule}, got ${describeValue(text)}`);
    values[name] = negates ? value !== true : value;
  }
  refuseMissing(declared, values, (name) => `--${flagOf(name)}`);
  return values as InputValues<Declared>;
}

/**
 * The values of all inputs, from those that are given by name; the others get their defaults.
 *
 * @throws CanoError `CANO_USAGE` when a value cannot be used, a required one is missing, or a name is no input
 */
export function fillInputs<const Declared extends InputDeclarations>(
  declared: Declared,
  given: Readonly<Record<string, unknown>>,
): InputValues<Declared> {
  const values = defaultsOf(declared);
  for (const [name, value] of Object.entries(given)) {
    const declaration = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (declaration === undefined) {
      const names = Object.keys(declared);
      throw usage(
        `there is no input '${name}': ${names.length === 0 ? 'it has none' : `there are ${names.join(', ')}`}`,
      );
    }
    if (value === undefined) continue;
    if (!isValid(declaration, value)) {
      throw usage(`input '${name}' must be ${ruleOf(declaration)}, got ${describeValue(value)}`);
    }
    values[name] = value;
  }
  refuseMissing(declared, values, (name) => `'${name}'`);
  return values as InputValues<Declared>;
}

function defaultsOf(declared: InputDeclarations): Record<string, unknown> {
  return Object.fromEntries(Object.entries(declared).map(([name, declaration]) => [name, declaration.default]));
}

function refuseMissing(
  declared: InputDeclarations,
  values: Readonly<Record<string, unknown>>,
  called: (name: string) => string,
): void {
  const missing = Object.entries(declared).filter(
    ([name, { required }]) => required === true && values[name] === undefined,
  );
  if (missing.length === 0) return;
  const list = missing.map(
    ([name, declaration]) => `${called(name)} (${ruleOf(declaration)}: ${declaration.description})`,
  );
  throw usage(`missing ${list.join(' and ')}`);
}

/** The value that a text stands for; the text itself when it stands for none. */
function valueOf(declared: InputDeclaration, text: string | true): unknown {
  if (declared.type === 'boolean') return text === true || text === 'true' ? true : text === 'false' ? false : text;
  if (text === true || declared.type === 'string' || declared.type === 'path') return text;
  return NUMBER.test(text) ? Number(text) : text;
}

function usage(message: string): CanoError {
  return new CanoError('CANO_USAGE', message);
}
