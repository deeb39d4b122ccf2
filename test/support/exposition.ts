/** Reads the text format of Prometheus, strictly: what a scrape would refuse is an error here. */
import assert from 'node:assert/strict';

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly ReadSample[];
  /** The one sample with that name and (at least) those labels; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** The sum of all samples with that name and (at least) those labels. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** @throws AssertionError naming the line that cannot be read, a series that comes twice, or one without a type */
export function readExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples: ReadSample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) types.set(type[1] as string, type[2] as string);
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labelText = '', valueText] = LINE.exec(line) ?? [];
    assert.ok(name !== undefined && valueText !== undefined, `cannot read '${line}'`);
    const labels = Object.fromEntries(Array.from(labelText.matchAll(LABEL), ([, key, value]) => [key, value]));
    const value = Number(valueText.replace('+Inf', 'Infinity'));
    assert.ok(!Number.isNaN(value), `no number in '${line}'`);
    const key = `${name}${labelText}`;
    assert.ok(!seen.has(key), `twice: '${line}'`);
    seen.add(key);
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(family), `no type for '${line}'`);
    samples.push({ name, labels, value });
  }
  const find = (name: string, wanted: Readonly<Record<string, string>> = {}): ReadSample[] =>
    samples.filter(
      (sample) => sample.name === name && Object.entries(wanted).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    types,
    samples,
    value: (name, labels) => {
      const found = find(name, labels);
      assert.ok(found.length <= 1, `${found.length} samples of ${name} with ${JSON.stringify(labels)}`);
      return found[0]?.value;
    },
    sum: (name, labels) => find(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}
