/** PNG with a palette: drawings have few colours, and take a third of the space so. */
import { crc32, deflateSync } from 'node:zlib';

const MOST = 256;

/**
 * @param pixels RGBA without transparency
 * @param first colours that are in the palette however rare they are
 */
export function paletted(pixels: Uint8Array, width: number, height: number, first: readonly number[] = []): Buffer {
  const counts = new Map<number, number>();
  const colorAt = (at: number): number =>
    ((pixels[at] as number) << 16) | ((pixels[at + 1] as number) << 8) | (pixels[at + 2] as number);
  for (let at = 0; at < pixels.length; at += 4) counts.set(colorAt(at), (counts.get(colorAt(at)) ?? 0) + 1);
  // The most frequent ones; the rest is edges of letters and lines, which take the nearest.
  const frequent = [...counts].toSorted(([, a], [, b]) => b - a).map(([color]) => color);
  const palette = [...new Set([...first.filter((color) => counts.has(color)), ...frequent])].slice(0, MOST);
  const places = new Map(palette.map((color, place) => [color, place]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const color = colorAt((y * width + x) * 4);
      let place = places.get(color);
      if (place === undefined) places.set(color, (place = nearest(palette, color)));
      rows[y * (width + 1) + x + 1] = place;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits per pixel, by palette.
  header.set([8, 3], 8);
  const colors = Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]));
  const parts = [
    chunk('IHDR', header),
    chunk('PLTE', colors),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND'),
  ];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

function nearest(palette: readonly number[], color: number): number {
  let [best, least] = [0, Infinity];
  palette.forEach((other, place) => {
    const [r, g, b] = [16, 8, 0].map((shift) => ((color >> shift) & 255) - ((other >> shift) & 255)) as [
      number,
      number,
      number,
    ];
    const distance = r * r + g * g + b * b;
    if (distance < least) [best, least] = [place, distance];
  });
  return best;
}

function chunk(name: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([size, named, sum]);
}
