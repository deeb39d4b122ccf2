/** Runs on a thread: the contact sheet, a picture per row and a version per column. */
import type { SharedPicture } from '../../nodes/denoise.ts';
import { defineExec } from '../../src/node.ts';
import { encodePng, type Raster } from './png.ts';

/** A row: the versions of a picture, and its alpha. */
export interface SheetRow {
  readonly versions: readonly SharedPicture[];
  readonly alpha: Uint8Array<SharedArrayBuffer> | undefined;
}

const [CELL_WIDTH, CELL_HEIGHT] = [320, 240];
const GAP = 14;
const GROUND = [244, 246, 249] as const;
const BORDER = [190, 198, 208] as const;
/** Further rows stand beside the first ones. */
const ROWS = 8;

/** The sheet in colour; pictures are made smaller by whole factors, so that they fit into a cell. */
export function layOut(rows: readonly SheetRow[]): Raster {
  const cells = rows.map(({ versions, alpha }) => versions.map((picture) => shrink(picture, alpha)));
  const cellWidth = Math.max(...cells.flat().map(({ width }) => width)) + GAP;
  const cellHeight = Math.max(...cells.flat().map(({ height }) => height)) + GAP;
  const columns = Math.max(...cells.map(({ length }) => length));
  const width = Math.ceil(rows.length / ROWS) * columns * cellWidth + GAP;
  const height = Math.min(rows.length, ROWS) * cellHeight + GAP;
  const pixels = new Uint8Array(width * height * 3);
  const sheet: Raster = { width, height, channels: 3, pixels };
  fill(sheet, 0, 0, width, height, GROUND);
  for (const [i, versions] of cells.entries()) {
    for (const [version, cell] of versions.entries()) {
      const column = Math.floor(i / ROWS) * columns + version;
      // In the middle of its place.
      const left = column * cellWidth + GAP + Math.floor((cellWidth - GAP - cell.width) / 2);
      const top = (i % ROWS) * cellHeight + GAP + Math.floor((cellHeight - GAP - cell.height) / 2);
      fill(sheet, left - 1, top - 1, cell.width + 2, cell.height + 2, BORDER);
      for (let y = 0; y < cell.height; y++) {
        const row = cell.pixels.subarray(y * cell.width * 3, (y + 1) * cell.width * 3);
        pixels.set(row, ((top + y) * width + left) * 3);
      }
    }
  }
  return sheet;
}

function fill(sheet: Raster, left: number, top: number, width: number, height: number, color: readonly number[]): void {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) sheet.pixels.set(color, (y * sheet.width + x) * 3);
  }
}

/** Means of squares of pixels, in colour, on the ground of the sheet where the picture is transparent. */
function shrink(picture: SharedPicture, alpha: Uint8Array | undefined): Raster {
  const factor = Math.ceil(Math.max(picture.width / CELL_WIDTH, picture.height / CELL_HEIGHT));
  const width = Math.max(1, Math.floor(picture.width / factor));
  const height = Math.max(1, Math.floor(picture.height / factor));
  const pixels = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [channel, ground] of GROUND.entries()) {
        pixels[to++] = meanOf(picture, alpha, x * factor, y * factor, factor, channel, ground);
      }
    }
  }
  return { width, height, channels: 3, pixels };
}

function meanOf(
  { width, height, channels, pixels }: SharedPicture,
  alpha: Uint8Array | undefined,
  left: number,
  top: number,
  size: number,
  channel: number,
  ground: number,
): number {
  const [right, bottom] = [Math.min(width, left + size), Math.min(height, top + size)];
  const within = channels === 1 ? 0 : channel;
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const cover = alpha === undefined ? 1 : (alpha[y * width + x] ?? 0) / 255;
      sum += ground + ((pixels[(y * width + x) * channels + within] ?? 0) - ground) * cover;
    }
  }
  return Math.round(sum / ((right - left) * (bottom - top)));
}

export default defineExec(import.meta.url, {
  name: 'sheet',
  exec: (rows: readonly SheetRow[]) => encodePng(layOut(rows)),
});
