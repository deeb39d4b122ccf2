/** What a run writes, besides the pictures. */

/** Tells a folder that this pipeline wrote. */
export const MARKER = '.cano-images';

export const PAGE = 'index.html';
export const SHEET = 'sheet.png';
