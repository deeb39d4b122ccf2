/** How the report page looks: its own style sheet, light and dark, also on a phone and on paper. */

/** Colours of states and branches, told apart by most who do not see all colours; they repeat after the last. */
export const COLOURS = 10;

export const STYLE: string = `
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1d2129;--soft:#5a6270;--line:#dfe2e7;--lane:#eef0f3;--accent:#1f5fbf;
--good:#1b7f4b;--bad:#b3261e;--warn:#8a5a00;--path:#1d2129;
--n0:#3b78c9;--n1:#e08a1e;--n2:#2f9e77;--n3:#c2548f;--n4:#8a6fd1;--n5:#b5a11a;--n6:#4fb3d9;--n7:#d1603d;--n8:#7d8b99;--n9:#86b049}
@media(prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1b1f26;--ink:#e6e8ec;--soft:#a2abb8;--line:#323843;--lane:#262c35;--accent:#7fb0ff;
--good:#63cf97;--bad:#ff8a80;--warn:#f0c060;--path:#f4f6f8;
--n0:#6aa2ee;--n1:#f0a848;--n2:#4fc39b;--n3:#e283b6;--n4:#ab95ea;--n5:#d6c342;--n6:#7accec;--n7:#ec8562;--n8:#9aa7b5;--n9:#a6cf68}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1280px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:18px;margin:34px 0 10px}
p{margin:0 0 10px;max-width:90ch;overflow-wrap:anywhere}
.soft{color:var(--soft)}.small{font-size:13px}
.mark{font-weight:700}.completed{color:var(--good)}.failed,.timed_out{color:var(--bad)}.cancelled{color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:18px 0 0}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
.tile b{display:block;font-size:22px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px;display:block}
.wrong{border-color:var(--bad);border-left-width:4px;margin-top:16px;white-space:pre-wrap;overflow-wrap:anywhere}
ol.advice{list-style:none;margin:0;padding:0;display:grid;gap:10px}
ol.advice li{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px;display:grid;grid-template-columns:118px 1fr;gap:4px 16px;overflow-wrap:anywhere}
ol.advice .gain{grid-row:span 2;color:var(--accent);font-variant-numeric:tabular-nums}
ol.advice .gain b{display:block;font-size:20px;line-height:1.3}
ol.advice .do{color:var(--soft)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:13px}
tr:last-child td{border-bottom:0}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:150px;max-width:380px;overflow-wrap:anywhere}
td.red{color:var(--bad)}td.zero{color:var(--soft)}
.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.stack{display:flex;height:30px;border-radius:6px;overflow:hidden;background:var(--lane)}
.stack i{display:block;min-width:2px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;padding:0;list-style:none;font-size:13.5px}
.legend b{font-variant-numeric:tabular-nums}
.bar{display:inline-block;height:9px;border-radius:2px;background:var(--accent);vertical-align:0;min-width:1px}
svg.gantt{display:block;width:100%;min-width:760px;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
svg.gantt text{fill:var(--soft)}svg.gantt text.in{fill:#10131a;font-weight:600}
svg.gantt .lane{fill:var(--lane)}svg.gantt .grid{stroke:var(--line)}svg.gantt .area{fill:var(--accent);opacity:.35}
svg.gantt .cap{stroke:var(--soft);stroke-dasharray:3 4;fill:none}
svg.gantt .path{stroke:var(--path);stroke-width:2.5;fill:none;stroke-linejoin:round}
svg.gantt .wait{fill:var(--bg);opacity:.75}svg.gantt .bad{fill:none;stroke:var(--bad);stroke-width:1.5}svg.gantt rect[data-b]:hover{stroke:var(--ink);stroke-width:1.5}
${Array.from({ length: COLOURS }, (_, index) => `.n${index}{fill:var(--n${index});background:var(--n${index})}`).join('')}
.w-full{background:var(--n2)}.w-alone{background:var(--n1)}.w-uneven{background:var(--n7)}.w-handover{background:var(--n4)}.w-main{background:var(--n0)}
.w-backoff{background:var(--n3)}.w-stopping{background:var(--n5)}.w-pending{background:var(--n6)}.w-other{background:var(--n8)}
.t-exec{background:var(--n2)}.t-copy{background:var(--n4)}.t-stopped{background:var(--n5)}.t-idle{background:var(--lane);outline:1px solid var(--line);outline-offset:-1px}
#tip{position:fixed;z-index:2;pointer-events:none;max-width:330px;background:var(--ink);color:var(--bg);padding:6px 10px;border-radius:6px;font-size:13px;white-space:pre-line;overflow-wrap:anywhere}
details{margin-top:26px}summary{cursor:pointer;color:var(--soft)}dt{font-weight:600;margin-top:8px}dd{margin:0;color:var(--soft);max-width:100ch}
@media(max-width:640px){main{padding:16px 12px 40px}h1{font-size:21px}ol.advice li{grid-template-columns:1fr}ol.advice .gain b{display:inline;font-size:17px}}
@media print{.scroll{overflow:visible}#tip{display:none}}
`;

/** Shows what a block is at once, where the browser's own tooltip would wait; also by touch. */
export const SCRIPT = `
const tip=document.getElementById('tip');
const show=(e)=>{const r=e.target.closest('rect[data-b]');if(!r){tip.hidden=true;return}
const t=r.querySelector('title');if(t){r.dataset.b=t.textContent;t.remove()}
tip.textContent=r.dataset.b;tip.hidden=false;
const w=tip.offsetWidth,h=tip.offsetHeight;
tip.style.left=Math.max(4,Math.min(innerWidth-w-4,e.clientX+12))+'px';
tip.style.top=(e.clientY+h+20>innerHeight?e.clientY-h-8:e.clientY+14)+'px'};
for(const g of document.querySelectorAll('svg.gantt')){g.addEventListener('pointermove',show);g.addEventListener('pointerdown',show);g.addEventListener('pointerleave',()=>{tip.hidden=true})}
`;
