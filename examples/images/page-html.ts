/** The page: the pictures side by side with their figures. It needs nothing but the PNG files beside it. */
import type { EncodedPrint, Version } from './encode.ts';
import type { ImagesStore, Original } from './schema.ts';
import { SHEET } from './output.ts';

const STYLE = `
:root { --ink: #1b2330; --soft: #5b6675; --line: #dde3ea; --paper: #f4f6f9; --card: #fff; --mark: #2f7a5a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf1; --soft: #9aa6b6; --line: #2a323e; --paper: #0f1319; --card: #181e27; --mark: #63c79b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif; }
header, main { max-width: 1440px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 19px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
p { margin: 4px 0 0; color: var(--soft); }
a { color: inherit; }
section { margin: 16px 0; padding: 18px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
section > header { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline; justify-content: space-between; padding: 0 0 12px; }
.gain { color: var(--mark); font-weight: 600; font-variant-numeric: tabular-nums; }
.versions { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 12px; }
figure { margin: 0; }
img { display: block; max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 6px; }
figcaption { margin-top: 6px; color: var(--soft); font-variant-numeric: tabular-nums; }
ul { margin: 6px 0 0; padding-left: 20px; color: var(--soft); overflow-wrap: anywhere; }
`;

const TITLES: Readonly<Record<Version, string>> = { clean: 'Clean', noisy: 'Noisy', denoised: 'Denoised' };

/** Renders the page. Everything that comes from files is escaped; nothing in it depends on the threads. */
export function renderPage(store: ImagesStore): string {
  const prints = store.get('prints');
  const originals = store.get('originals');
  const sections = originals.map((original, i) =>
    section(
      original,
      prints.filter(({ index }) => index === i),
    ),
  );
  const { noise } = store.get('settings');
  const added = noise > 0 ? `noise of ${noise} levels was added` : 'no noise was added';
  const figures = gainOf(prints) ?? 'PSNR needs a clean picture to compare with';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Denoised pictures</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Denoised pictures</h1>
<p>${originals.length} ${originals.length === 1 ? 'picture' : 'pictures'} in ${store.get('tiles')} tiles; ${added}; ${figures}. <a href="${SHEET}">Contact sheet</a></p></header>
<main>
${sections.join('\n')}
${skippedSection(store)}
</main>
</body>
</html>
`;
}

/** Mean PSNR before and after, in dB; undefined when no clean pictures are known. */
export function gainOf(prints: readonly EncodedPrint[]): string | undefined {
  const mean = (wanted: Version): number => {
    const values = prints.flatMap(({ version, psnr }) => (version === wanted && psnr !== undefined ? [psnr] : []));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const [before, after] = [mean('noisy'), mean('denoised')];
  return Number.isNaN(before) ? undefined : `PSNR ${decibels(before)} → ${decibels(after)} dB on average`;
}

function section({ title, picture }: Original, prints: readonly EncodedPrint[]): string {
  const figures = prints.map(({ file, version, psnr, sigma }) => {
    const source = encodeURIComponent(file);
    const truth = psnr === undefined || version === 'clean' ? '' : ` · ${decibels(psnr)} dB`;
    return `<figure><a href="${source}"><img src="${source}" width="${picture.width}" height="${picture.height}" alt="${escapeHtml(`${title}, ${version}`)}" loading="lazy"></a>
<figcaption>${TITLES[version]}${truth} · estimated noise ${sigma.toFixed(1)}</figcaption></figure>`;
  });
  const [before, after] = (['noisy', 'denoised'] as const).map(
    (wanted) => prints.find(({ version }) => version === wanted)?.psnr,
  );
  const gain =
    before === undefined || after === undefined
      ? ''
      : `<span class="gain">PSNR ${decibels(before)} → ${decibels(after)} dB</span>`;
  return `<section><header><h2>${escapeHtml(title)}</h2>${gain}</header>
<div class="versions">${figures.join('\n')}</div></section>`;
}

function skippedSection(store: ImagesStore): string {
  const skipped = store.get('skipped');
  if (skipped.length === 0) return '';
  const items = skipped.map(({ file, reason, detail }) => {
    return `<li>${escapeHtml(file)}: ${reason.replaceAll('_', ' ')} (${escapeHtml(detail)})</li>`;
  });
  return `<section><h2>Left out</h2><ul>${items.join('\n')}</ul></section>`;
}

function decibels(value: number): string {
  return Number.isFinite(value) ? value.toFixed(1) : '∞';
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
