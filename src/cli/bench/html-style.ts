/** The look of the page of a benchmark, light and dark. */
export const STYLE: string = `
:root { --ink: #1b2330; --soft: #5b6675; --line: #e1e6ec; --paper: #f4f6f9; --card: #fff; --shade: #f4f6f9;
  --measured: #2563eb; --machine: #8a94a3; --loop: #8b5cf6; --amdahl: #c2410c; --usl: #0f8a5f; --bad: #b3261e; --good: #0f7a4d; --warn: #92600a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf1; --soft: #9aa6b6; --line: #2a323e; --paper: #0f1319; --card: #181e27; --shade: #131820;
    --measured: #6ea2ff; --machine: #8391a5; --loop: #b196fb; --amdahl: #f0935a; --usl: #45c795; --bad: #f2877e; --good: #45c795; --warn: #e0b154; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif; -webkit-text-size-adjust: 100%; }
header, main, footer { max-width: 1160px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
h1 { margin: 0 0 6px; font-size: 30px; line-height: 1.2; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { margin: 0 0 10px; font-size: 20px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 small { margin-left: 6px; font-weight: 400; letter-spacing: 0; }
h3 { margin: 22px 0 0; font-size: 16px; }
p { margin: 0 0 14px; color: var(--soft); }
section { margin: 16px 0; padding: 22px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
small, footer { color: var(--soft); font-size: 13px; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
footer { padding: 8px 20px 40px; }
.advice { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; }
.advice b { color: var(--ink); font-size: 17px; }
.advice span { flex: 1 1 420px; }
.charts { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); gap: 8px 24px; align-items: start; }
figure { margin: 0; }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 4px 0 0 60px; color: var(--soft); font-size: 13px; }
figcaption i { display: inline-block; width: 18px; height: 0; margin-right: 7px; vertical-align: middle; border-top: 3px solid; }
.k-measured { color: var(--measured); } .k-machine { color: var(--machine); } .k-loop { color: var(--loop); } .k-amdahl { color: var(--amdahl); } .k-usl { color: var(--usl); }
figcaption .k-ideal { color: var(--soft); border-top: 2px dashed; } figcaption .k-machine, figcaption .k-loop { border-top-width: 2px; }
.chart { display: block; width: 100%; height: auto; }
.chart path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .tick { fill: var(--soft); font-size: 13px; }
.chart .tick.beyond { fill-opacity: 0.6; }
.chart .unmeasured { fill: var(--shade); }
.chart .ideal { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 6 5; }
.chart .machine, .chart .machine path { stroke: var(--machine); stroke-width: 1.5; }
.chart .machine circle { fill: var(--card); stroke: var(--machine); stroke-width: 2; }
.chart .loop, .chart .loop path { stroke: var(--loop); stroke-width: 1.5; }
.chart .loop circle { fill: var(--card); stroke: var(--loop); stroke-width: 2; }
.chart .measured, .chart .measured path { stroke: var(--measured); stroke-width: 2.5; }
.chart .measured circle { fill: var(--measured); stroke: var(--card); stroke-width: 1.5; }
.chart .amdahl { stroke: var(--amdahl); } .chart .usl { stroke: var(--usl); }
.chart .amdahl.beyond, .chart .usl.beyond { stroke-dasharray: 2 5; stroke-linecap: round; }
.chart .sample { fill: var(--measured); fill-opacity: 0.35; }
.table { margin-top: 16px; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; }
th, td { padding: 6px 0 6px 11px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 8px; }
th:last-child, td:last-child { padding-right: 8px; }
.chosen td { background: var(--shade); }
.chosen td:first-child { box-shadow: inset 3px 0 var(--measured); font-weight: 600; }
.laws { margin: 14px 0 0; padding: 0; list-style: none; color: var(--soft); }
.laws li { padding-left: 8.5em; }
.laws b { display: inline-block; width: 8.5em; margin-left: -8.5em; color: var(--ink); font-weight: 600; }
.laws .note b { color: var(--warn); }
.v-slower { color: var(--bad); } .v-faster, .v-same { color: var(--good); } .v-machine, .v-other { color: var(--warn); }
.terms h2 { font-size: 17px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 18px; margin: 0; font-size: 14px; }
dt { font-weight: 600; } dd { margin: 0; color: var(--soft); }
@media (max-width: 760px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; }
  header { padding-top: 22px; }
  section { padding: 16px; border-radius: 12px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  figure:first-child .chart .tick { font-size: 17px; }
  figure + figure { max-width: 440px; margin-top: 10px; }
  figcaption { padding-left: 0; }
  dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: 8px; }
  .laws li { padding-left: 0; } .laws b { display: block; margin-left: 0; }
}
`;
