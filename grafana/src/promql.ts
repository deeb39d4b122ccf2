/** What a PromQL expression asks for, from its syntax tree. */
import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Windows {
  readonly rateInterval: string;
  readonly range: string;
}

/** The expression as Prometheus gets it when every variable is set to All. */
export function substitute(expr: string, { rateInterval, range }: Windows): string {
  return expr
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__range', range)
    .replaceAll(/\$(?:job|instance|workflow|node|pool|schedule)\b/g, '.+');
}

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** Functions and aggregations around it, from the inside out. */
  readonly around: readonly Around[];
  readonly isRange: boolean;
}

export interface Around {
  readonly name: string;
  /** Labels of `by`. */
  readonly by?: readonly string[];
}

const ANY: Windows = { rateInterval: '1m', range: '30m' };

/** Where the syntax is wrong, as text. */
export function syntaxErrors(expr: string): string[] {
  const text = substitute(expr, ANY);
  const errors: string[] = [];
  parse(text).iterate({
    enter: ({ type, from }) => {
      if (type.isError)
        errors.push(
          `syntax error at '${text.slice(Math.max(0, from - 20), from)}⟨here⟩${text.slice(from, from + 20)}'`,
        );
    },
  });
  if (text.includes('$')) errors.push(`unknown variable ${/\$\w*/.exec(text)?.[0]}`);
  return errors;
}

export function selectorsOf(expr: string): Selector[] {
  const text = substitute(expr, ANY);
  const found: Selector[] = [];
  parse(text).iterate({
    enter: ({ name, node }) => {
      if (name === 'VectorSelector') found.push(selectorOf(node, text));
    },
  });
  return found;
}

/** Labels that are left of a result: those of the outermost aggregation. undefined: those of its series. */
export function labelsLeft(expr: string): readonly string[] | undefined {
  const [first] = selectorsOf(expr);
  return first?.around.findLast(({ by }) => by !== undefined)?.by;
}

/** The labels of `on (…)` and of group_left. */
export function matchingLabels(expr: string): string[] {
  const text = substitute(expr, ANY);
  const labels: string[] = [];
  parse(text).iterate({
    enter: ({ name, node }) => {
      if (name !== 'MatchingModifierClause') return;
      for (const list of node.getChildren('GroupingLabels')) labels.push(...namesIn(list, text));
    },
  });
  return labels;
}

function parse(text: string): Tree {
  return parser.parse(text);
}

function selectorOf(node: SyntaxNode, text: string): Selector {
  const metric = textOf(node.getChild('Identifier'), text);
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => ({
    label: textOf(matcher.getChild('LabelName'), text),
    operator: textOf(matcher.getChild('MatchOp'), text),
    value: textOf(matcher.getChild('StringLiteral'), text).slice(1, -1),
  }));
  const around: Around[] = [];
  for (let up = node.parent; up !== null; up = up.parent) {
    if (up.name === 'FunctionCall') around.push({ name: textOf(up.getChild('FunctionIdentifier'), text) });
    if (up.name === 'AggregateExpr') around.push(aggregation(up, text));
  }
  return { metric, matchers, around, isRange: node.parent?.name === 'MatrixSelector' };
}

function aggregation(node: SyntaxNode, text: string): Around {
  const name = textOf(node.getChild('AggregateOp'), text);
  // These pick series; they do not put them together.
  if (name === 'topk' || name === 'bottomk') return { name };
  const list = node.getChild('AggregateModifier')?.getChild('GroupingLabels') ?? undefined;
  return { name, by: list === undefined ? [] : namesIn(list, text) };
}

function namesIn(list: SyntaxNode, text: string): string[] {
  return list.getChildren('LabelName').map((label) => textOf(label, text));
}

function textOf(node: SyntaxNode | null, text: string): string {
  return node === null ? '' : text.slice(node.from, node.to);
}
