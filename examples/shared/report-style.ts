/** The look of reports. */
export const STYLE = `
:root { --ink: #1b2330; --soft: #5b6675; --line: #e1e6ec; --paper: #f4f6f9; --card: #fff; --mark: #3b82f6;
  --near: #8fb8f8; --exact: #b9c6d8; --poor: #f0b27a; --unusable: #d9796b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf1; --soft: #9aa6b6; --line: #2a323e; --paper: #0f1319; --card: #181e27; --mark: #5b96f7;
    --near: #345f9e; --exact: #4a5568; --poor: #a86f3c; --unusable: #9c4a41; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif; -webkit-text-size-adjust: 100%; }
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; }
h2 { margin: 0 0 4px; font-size: 19px; letter-spacing: -0.01em; }
h2 small { margin-left: 6px; font-weight: 400; letter-spacing: 0; }
p { margin: 0 0 14px; color: var(--soft); }
section { margin: 16px 0; padding: 22px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
small, footer { color: var(--soft); font-size: 13px; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
ul { margin: 0; padding: 0; list-style: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 14px 20px; }
.cards b { display: block; font-size: 32px; line-height: 1.2; letter-spacing: -0.03em; font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); }
.parts { display: flex; gap: 2px; height: 14px; margin: 20px 0 12px; border-radius: 7px; overflow: hidden; }
.parts i { min-width: 0; flex: 0 1 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--soft); font-variant-numeric: tabular-nums; }
.legend b { color: var(--ink); }
.legend i { display: inline-block; width: 10px; height: 10px; margin-right: 7px; border-radius: 3px; }
.kept { background: var(--mark); } .near { background: var(--near); } .exact { background: var(--exact); }
.poor { background: var(--poor); } .unusable { background: var(--unusable); }
.map { display: block; width: 100%; max-height: 860px; margin: 0 auto; }
.map g { fill-opacity: 0.7; }
.map circle:hover { fill-opacity: 1; stroke: var(--ink); stroke-width: 2; }
.map .names { fill: var(--ink); fill-opacity: 1; font-size: 15px; font-weight: 600; text-anchor: middle; pointer-events: none;
  paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.clusters { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 22px 36px; }
.clusters ul { margin-top: 2px; }
.clusters code { color: var(--soft); }
.bar { display: block; height: 7px; margin: 7px 0; background: var(--line); border-radius: 4px; overflow: hidden; }
.bar i { display: block; height: 100%; min-width: 2px; background: var(--mark); border-radius: 4px; }
details { padding: 8px 0; border-top: 1px solid var(--line); }
summary { cursor: pointer; overflow-wrap: anywhere; }
details ul { padding: 6px 0 4px 18px; }
.share { display: inline-block; min-width: 3.4em; text-align: right; font-variant-numeric: tabular-nums; }
.table { margin-top: 14px; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .wide { text-align: left; }
.wide { width: 45%; min-width: 70px; padding-right: 0; }
footer { padding: 8px 20px 40px; }
@media (max-width: 640px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; }
  header { padding-top: 22px; }
  section { padding: 16px; border-radius: 12px; }
  .cards { grid-template-columns: 1fr 1fr; }
  .cards b { font-size: 26px; }
  .map { width: calc(100% + 24px); margin: 0 -12px; }
  .map .names { font-size: 27px; stroke-width: 6px; }
  th, td { padding-right: 10px; }
}
`;
