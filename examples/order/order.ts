/** Orders: their shape, what can be wrong with them, and the catalogue that prices them. */
import { NonRetryableError } from '../../src/index.ts';

/** An order as it comes in. */
export interface RawOrder {
  readonly customer: string;
  readonly lines: readonly { readonly article: string; readonly quantity: number }[];
}

/** A line with what the catalogue knows about it; money in cents. */
export interface Line {
  readonly article: string;
  readonly quantity: number;
  readonly price: number | undefined;
  readonly cost: number;
}

export type Verdict = 'valid' | 'dirty' | 'hopeless';

/** @throws NonRetryableError when the text is not an order: reading it again cannot help */
export function parseOrder(text: string): RawOrder {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NonRetryableError(`the order is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const { customer, lines } = (value ?? {}) as Partial<RawOrder>;
  if (typeof customer !== 'string' || !Array.isArray(lines)) {
    throw new NonRetryableError('the order must have a customer (string) and lines (list)');
  }
  for (const [index, line] of (lines as readonly unknown[]).entries()) {
    const { article, quantity } = (line ?? {}) as { article?: unknown; quantity?: unknown };
    if (typeof article !== 'string' || typeof quantity !== 'number') {
      throw new NonRetryableError(`line ${index} of the order must have an article (string) and a quantity (number)`);
    }
  }
  return { customer, lines };
}

/** Hopeless without customer or lines; dirty when something in it can be put right. */
export function judge({ customer, lines }: RawOrder): Verdict {
  if (customer.trim() === '' || lines.every(({ quantity }) => quantity === 0)) return 'hopeless';
  const isClean =
    customer === customer.trim() &&
    lines.every(({ article, quantity }) => article === article.trim().toLowerCase() && quantity > 0);
  return isClean ? 'valid' : 'dirty';
}

/** Trims names, turns negative quantities round and drops empty lines. */
export function sanitize({ customer, lines }: RawOrder): RawOrder {
  return {
    customer: customer.trim(),
    lines: lines
      .filter(({ quantity }) => quantity !== 0)
      .map(({ article, quantity }) => ({ article: article.trim().toLowerCase(), quantity: Math.abs(quantity) })),
  };
}

/** A main-thread service: knows most articles at once and some only after it was asked a few times. */
export class Catalogue {
  readonly #articles: Readonly<
    Record<string, { readonly price: number; readonly cost: number; readonly after: number }>
  > = {
    lamp: { price: 4_900, cost: 2_100, after: 1 },
    chair: { price: 12_900, cost: 7_000, after: 1 },
    poster: { price: 900, cost: 890, after: 1 },
    sofa: { price: 89_900, cost: 51_000, after: 2 },
    globe: { price: 5_900, cost: 3_300, after: 99 },
  };

  /** @param round how often this order was processed, from 1 */
  find(article: string, round: number): { readonly price: number | undefined; readonly cost: number } {
    const known = Object.hasOwn(this.#articles, article) ? this.#articles[article] : undefined;
    if (known === undefined || round < known.after) return { price: undefined, cost: 0 };
    return { price: known.price, cost: known.cost };
  }
}

/** One order for each way through the workflow. */
export const SAMPLES = {
  clean: '{"customer": "Ada", "lines": [{"article": "lamp", "quantity": 2}, {"article": "chair", "quantity": 4}]}',
  dirty:
    '{"customer": " Grace ", "lines": [{"article": "Lamp ", "quantity": -1}, {"article": "poster", "quantity": 3}, {"article": "globe", "quantity": 1}]}',
  hopeless: '{"customer": "", "lines": []}',
  late: '{"customer": "Edsger", "lines": [{"article": "sofa", "quantity": 1}]}',
  unknown: '{"customer": "Barbara", "lines": [{"article": "globe", "quantity": 1}]}',
  broken: '{"customer": "Alan", "lines": [',
} as const;

export type Sample = keyof typeof SAMPLES;
