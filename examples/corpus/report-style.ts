/** The look of the report. */
export const STYLE = `
:root { --ink: #1c2430; --soft: #5d6878; --line: #dfe4ea; --paper: #f6f7f9; --card: #fff; --mark: #2f6fde; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf0; --soft: #98a3b3; --line: #2a323d; --paper: #11151b; --card: #191f27; --mark: #6ea0ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
h1 { margin: 0; font-size: 30px; letter-spacing: -0.02em; }
h2 { margin: 0 0 6px; font-size: 19px; }
p { margin: 0 0 14px; color: var(--soft); }
.path { overflow-wrap: anywhere; }
section { margin: 18px 0; padding: 20px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 12px; padding: 0; background: none; border: 0; }
.card { padding: 14px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.card b { display: block; font-size: 25px; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.card span, small, footer { color: var(--soft); }
.map { display: block; width: 100%; max-width: 720px; margin: 0 auto; }
.map g { fill-opacity: 0.62; }
.map circle:hover { fill-opacity: 1; r: 6px; }
ul { margin: 0; padding: 0; list-style: none; }
.clusters li { display: flex; gap: 12px; padding: 12px 0; border-top: 1px solid var(--line); }
.clusters li:first-child { border-top: 0; }
.clusters li > div { flex: 1; min-width: 0; }
.dot { flex: none; width: 12px; height: 12px; margin-top: 6px; border-radius: 50%; }
.bar { display: block; height: 6px; margin: 6px 0; background: var(--line); border-radius: 3px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--mark); border-radius: 3px; }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
details { padding: 7px 0; border-top: 1px solid var(--line); }
summary { cursor: pointer; overflow-wrap: anywhere; }
details ul { padding: 6px 0 6px 18px; }
.tables { display: grid; gap: 20px; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; text-align: left; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
.wide { width: 45%; min-width: 90px; }
footer { padding: 8px 20px 40px; font-size: 13px; }
`;
