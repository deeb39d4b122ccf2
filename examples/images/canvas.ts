/**
 * A canvas to paint layers on. Places are measured in heights of the picture: x from 0 to `aspect`, y from 0 to 1, from
 * the top left. So a scene is the same at every size.
 */
import { clamp } from './random.ts';

/** A number for every place. */
export type Field = (x: number, y: number) => number;

/** 256 colours, r, g, b each, 0–255. */
export type Ramp = Float32Array;

/** Left, top, right, bottom. */
export type Box = readonly [number, number, number, number];

/** What is painted, and where. */
export interface Layer {
  readonly ramp: Ramp;
  /** The place on the ramp, 0–1. @default its start */
  readonly at?: Field;
  /** Signed distance from the edge of a shape, negative inside. @default everything is inside */
  readonly shape?: Field;
  /** Width of the edge. @default one pixel */
  readonly soft?: number;
  /** 0–1. @default 1 */
  readonly opacity?: number;
  /** Nothing is painted outside, whatever the shape. @default the whole canvas */
  readonly box?: Box;
}

const STEPS = 256;

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** Width in heights. */
  readonly aspect: number;
  readonly #levels: Float32Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.aspect = width / height;
    this.#levels = new Float32Array(width * height * 3);
  }

  /** Lays a layer over what is there. */
  paint({ ramp: colors, at = () => 0, shape, soft = 0, opacity = 1, box = [0, 0, this.aspect, 1] }: Layer): void {
    const scale = 1 / Math.max(soft, 1 / this.height);
    this.#each(box, (x, y, i) => {
      const cover = opacity * (shape === undefined ? 1 : clamp(0.5 - shape(x, y) * scale));
      if (cover === 0) return;
      const from = 3 * Math.floor(clamp(at(x, y)) * (STEPS - 1) + 0.5);
      for (let channel = 0; channel < 3; channel++) {
        const level = this.#levels[i + channel] ?? 0;
        this.#levels[i + channel] = level + ((colors[from + channel] ?? 0) - level) * cover;
      }
    });
  }

  /** Multiplies what is there: below 1 for shadow, above 1 for light. */
  light(factor: Field): void {
    this.#each([0, 0, this.aspect, 1], (x, y, i) => {
      const by = factor(x, y);
      for (let channel = 0; channel < 3; channel++) this.#levels[i + channel] = (this.#levels[i + channel] ?? 0) * by;
    });
  }

  /** Mirrors what is above a line into what is below; `shift` moves the place that is looked at to the side. */
  mirror(line: number, shift: Field): void {
    this.#each([0, line, this.aspect, 1], (x, y, i) => {
      const column = Math.floor((x + shift(x, y)) * this.height);
      const row = Math.floor((2 * line - y) * this.height);
      const within = Math.min(this.width - 1, Math.max(0, column));
      const from = (Math.max(0, row) * this.width + within) * 3;
      for (let channel = 0; channel < 3; channel++) this.#levels[i + channel] = this.#levels[from + channel] ?? 0;
    });
  }

  /** A curve over x that is asked for in every row, worked out once per column. */
  curve(height: (x: number) => number): (x: number) => number {
    const heights = Float64Array.from({ length: this.width }, (_value, column) => height((column + 0.5) / this.height));
    return (x) => heights[Math.floor(x * this.height)] ?? 0;
  }

  /** A field that several layers ask for, worked out once per pixel. */
  keep(field: Field): Field {
    const values = Float64Array.from({ length: this.width * this.height }, (_value, i) =>
      field(((i % this.width) + 0.5) / this.height, (Math.floor(i / this.width) + 0.5) / this.height),
    );
    return (x, y) => values[Math.floor(y * this.height) * this.width + Math.floor(x * this.height)] ?? 0;
  }

  /** r, g, b of all pixels, in memory that threads can share. */
  toPixels(): Uint8Array<SharedArrayBuffer> {
    const pixels = new Uint8Array(new SharedArrayBuffer(this.#levels.length));
    for (let i = 0; i < pixels.length; i++) pixels[i] = Math.round(Math.min(255, this.#levels[i] ?? 0));
    return pixels;
  }

  /** Calls for the middle of every pixel that a box touches. */
  #each([left, top, right, bottom]: Box, visit: (x: number, y: number, i: number) => void): void {
    const size = this.height;
    const lastColumn = Math.min(this.width, Math.ceil(right * size));
    const lastRow = Math.min(size, Math.ceil(bottom * size));
    for (let row = Math.max(0, Math.floor(top * size)); row < lastRow; row++) {
      for (let column = Math.max(0, Math.floor(left * size)); column < lastColumn; column++) {
        visit((column + 0.5) / size, (row + 0.5) / size, (row * this.width + column) * 3);
      }
    }
  }
}

/**
 * A ramp through colours at equal distances.
 *
 * @param colors such as '#1b2330'
 */
export function ramp(...colors: readonly string[]): Ramp {
  const stops = colors.map((color) => [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16)));
  const last = stops.length - 1;
  return Float32Array.from({ length: 3 * STEPS }, (_value, i) => {
    const place = (last * Math.floor(i / 3)) / (STEPS - 1);
    const stop = Math.min(last, Math.floor(place));
    const from = stops[stop]?.[i % 3] ?? 0;
    const to = stops[Math.min(last, stop + 1)]?.[i % 3] ?? 0;
    return from + (to - from) * (place - stop);
  });
}

export function disc(centerX: number, centerY: number, radius: number): Field {
  return (x, y) => Math.hypot(x - centerX, y - centerY) - radius;
}

export function rectangle([left, top, right, bottom]: Box): Field {
  return (x, y) => Math.max(left - x, x - right, top - y, y - bottom);
}

/** Where all of the shapes are. */
export function both(a: Field, b: Field): Field {
  return (x, y) => Math.max(a(x, y), b(x, y));
}

export function except(a: Field, b: Field): Field {
  return (x, y) => Math.max(a(x, y), -b(x, y));
}

/** A stroke of a round pen. */
export function stroke(fromX: number, fromY: number, toX: number, toY: number, width: number): Field {
  const [dx, dy] = [toX - fromX, toY - fromY];
  const squared = dx * dx + dy * dy;
  return (x, y) => {
    const along = squared === 0 ? 0 : clamp(((x - fromX) * dx + (y - fromY) * dy) / squared);
    return Math.hypot(x - fromX - along * dx, y - fromY - along * dy) - width / 2;
  };
}
