/** The pictures: what a panel draws of the answers of a Prometheus. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { chart } from '../../../grafana/src/draw/chart.ts';
import { pngOf } from '../../../grafana/src/draw/dashboard.ts';
import { seriesOf } from '../../../grafana/src/draw/data.ts';
import { bars, heat, lanes, stat } from '../../../grafana/src/draw/panels.ts';
import { paletted } from '../../../grafana/src/draw/png.ts';
import { colorOf, format } from '../../../grafana/src/draw/svg.ts';
import { readDashboards, type Panel } from '../../../grafana/src/model.ts';
import type { Prometheus, Sample } from '../../../grafana/src/prometheus.ts';

const WINDOW = { from: 100, to: 130, step: 10, rateInterval: '20s', range: '30s', marks: [115] };
const BOX = { x: 0, y: 0, w: 700, h: 200 };
const panels = readDashboards().flatMap(({ panels: all }) => all.filter(({ type }) => type !== 'row'));

const panel = (title: string): Panel => {
  const found = panels.find((each) => each.title === title);
  if (found === undefined) throw new Error(`there is no panel ${title}`);
  return found;
};

/** Answers every query with the same. */
const answering = (result: readonly Sample[]): Prometheus =>
  ({ query: async () => result, queryRange: async () => result }) as unknown as Prometheus;

describe('a drawing', () => {
  it('has words for every unit and every colour of the dashboards', () => {
    for (const { title, fieldConfig } of panels) {
      assert.match(format(1.5, fieldConfig?.defaults.unit ?? ''), /\d/, title);
      for (const { color } of fieldConfig?.defaults.thresholds?.steps ?? []) assert.match(colorOf(color), /^#/, title);
      for (const { properties } of fieldConfig?.overrides ?? []) {
        for (const { id, value } of properties) {
          if (id === 'color') assert.match(colorOf((value as { fixedColor: string }).fixedColor), /^#/, title);
          if (id === 'unit') assert.match(format(1.5, value as string), /\d/, title);
        }
      }
    }
    assert.throws(() => format(1, 'furlong'), /no unit furlong/);
    assert.throws(() => colorOf('mauve'), /no colour mauve/);
    assert.deepEqual(
      [
        format(0.00025, 's'),
        format(0.0123, 's'),
        format(90, 's'),
        format(0.5, 'percentunit'),
        format(2_500_000, 'Bps'),
      ],
      ['250 µs', '12 ms', '90 s', '50 %', '2.5MB/s'],
    );
  });

  it('names and colours series as the dashboard says, and leaves gaps where there is nothing', async () => {
    const samples: Sample[] = [
      {
        metric: { status: 'failed' },
        values: [
          [100, '1'],
          [110, 'NaN'],
          [130, '3'],
        ],
      },
      {
        metric: { status: 'completed' },
        values: [
          [100, '2'],
          [110, '2'],
          [120, '2'],
          [130, '2'],
        ],
      },
    ];
    const series = await seriesOf(answering(samples), panel('Runs by status'), WINDOW);
    assert.deepEqual(
      series.map(({ name, color, values }) => [name, color, values]),
      [
        ['completed', colorOf('green'), [2, 2, 2, 2]],
        ['failed', colorOf('red'), [1, undefined, undefined, 3]],
      ],
    );
    const drawing = chart(BOX, panel('Runs by status'), series, WINDOW);
    assert.match(drawing, />completed<.*>2 \/s</s);
    assert.match(drawing, /<polygon/);
    assert.match(drawing, /stroke-dasharray="3 3"/, 'the annotation');
  });

  it('shows the last value, bars, buckets and lanes', async () => {
    const one = (values: [number, string][], metric = {}): Sample => ({ metric, values });
    const now = panel('Success ratio');
    assert.match(stat(BOX, now, await seriesOf(answering([one([[100, '0.5']])]), now, WINDOW)), />50 %<.*/);
    const reasons = panel('Failed attempts by reason');
    const bar = bars(
      BOX,
      reasons,
      await seriesOf(answering([one([[130, '7']], { reason: 'crash' })]), reasons, WINDOW),
    );
    assert.match(bar, />crash<.*>7</s);
    const buckets = [
      one([[100, '2']], { le: '0.1' }),
      one([[100, '5']], { le: '1' }),
      one([[100, '5']], { le: '+Inf' }),
    ];
    const cells = heat(BOX, await seriesOf(answering(buckets), panel('Exec time'), WINDOW), WINDOW);
    assert.equal(cells.match(/fill-opacity/g)?.length, 2, 'the last bucket adds nothing to the one before');
    const shares = panel('Busy share of each thread');
    const lane = lanes(
      BOX,
      shares,
      await seriesOf(answering([one([[100, '0.95']], { thread: '0' })]), shares, WINDOW),
      WINDOW,
    );
    assert.ok(lane.includes(colorOf('dark-green')), lane);
  });

  it('becomes a PNG with its colours', () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="4" height="2" fill="#ff0000"/><rect width="1" height="2" fill="#0000ff"/></svg>';
    let png: Buffer;
    try {
      png = pngOf(svg);
    } catch (error) {
      assert.match((error as Error).message, /no font was found/);
      return;
    }
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [4, 2]);
  });

  it('has a palette of the most frequent colours', () => {
    const [red, blue] = [
      [255, 0, 0, 255],
      [0, 0, 255, 255],
    ];
    const png = paletted(Uint8Array.from([red, red, blue, red].flat()), 2, 2);
    const at = (name: string): number => png.indexOf(name) + 4;
    assert.deepEqual([...png.subarray(at('PLTE'), at('PLTE') + 6)], [255, 0, 0, 0, 0, 255]);
    const size = png.readUInt32BE(at('IDAT') - 8);
    assert.deepEqual([...inflateSync(png.subarray(at('IDAT'), at('IDAT') + size))], [0, 0, 0, 0, 1, 0]);
  });
});
