// The style sheet of the pages.

/**
 * The page's style sheet. One hue a method, used in table, plots and tiles alike; blue, orange and grey stay apart for
 * colour-blind eyes, and all are dark (or, at night, light) enough to carry text. Must hold neither `<` nor `&`.
 */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1d2125; --quiet: #5c646c; --line: #e3e4e0; --track: #eeeeea;
  --infer: #2457c5; --random: #b4540a; --full: #5f6b76;
  --a: #0b7a75; --b: #8a3fb4; --c: #b3295f; --d: #5c7a12;
  --good: #1a7340; --bad: #b3261e; --notice: #fdf5e3; --notice-line: #d9a441;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --card: #1c2024; --ink: #e8eaec; --quiet: #a0a8b0; --line: #30363c; --track: #262b30;
    --infer: #84adff; --random: #f2a25c; --full: #aab4be;
    --a: #5cc9c1; --b: #cf9df0; --c: #f58fb4; --d: #b3d05f;
    --good: #6fd195; --bad: #ff9d94; --notice: #2a2417; --notice-line: #b98a35;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
main, footer { max-width: 1060px; margin: 0 auto; padding: 0 32px; }
header { padding: 72px 0 8px; }
footer { padding-top: 56px; padding-bottom: 48px; }
.eyebrow { margin: 0 0 12px; color: var(--quiet); font-size: 14px; letter-spacing: .04em; }
header > .quiet { max-width: none; }
h1 { margin: 0 0 16px; max-width: none; font-size: 26px; line-height: 1.36; font-weight: 600; letter-spacing: -.01em; text-wrap: balance; }
nav { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 28px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 14.5px; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.ways > div { min-width: 0; }
.ways pre { margin: 8px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll .matrix { min-width: 0; }
.matrix td { min-width: 6.5em; }
.matrix td small { white-space: normal; }
.heat { background: color-mix(in srgb, var(--infer) calc(.4 * var(--part)), transparent); border-left: 2px solid var(--paper); }
.classes { width: auto; min-width: 0; }
.classes td { padding-right: 12px; }
.classes tbody td, .classes tbody th { padding-top: 5px; padding-bottom: 5px; }
.accuracy + .note { margin-bottom: 0; }
section { margin-top: 72px; }
h2 { margin: 0 0 16px; font-size: 21px; line-height: 1.3; font-weight: 650; letter-spacing: -.005em; }
h3 { margin: 0; font-size: 15.5px; line-height: 1.4; font-weight: 650; }
p { margin: 0 0 16px; max-width: 46em; }
a { color: var(--infer); }
.quiet, small, caption { color: var(--quiet); }
.note { margin-top: 16px; font-size: 14px; }
.lead { margin-bottom: 28px; }
.number { text-align: right; font-variant-numeric: tabular-nums lining-nums; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.notice { margin: 32px 0 0; padding: 14px 18px; max-width: none; background: var(--notice); border-left: 3px solid var(--notice-line); border-radius: 3px; font-size: 15px; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px; margin: 0 0 24px; }
.tile { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 16px 20px 18px; background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--tone, var(--quiet)); border-radius: 6px; }
.tile dt { color: var(--quiet); font-size: 14px; line-height: 1.4; }
.tile dd { margin: 0 0 4px; font-size: 28px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums lining-nums; letter-spacing: -.015em; white-space: nowrap; }
.tile dd span { font-size: 17px; font-weight: 400; color: var(--quiet); letter-spacing: 0; }

.infer { --tone: var(--infer); } .random { --tone: var(--random); } .full { --tone: var(--full); }
.a { --tone: var(--a); } .b { --tone: var(--b); } .c { --tone: var(--c); } .d { --tone: var(--d); }
.part-2 { --tone: color-mix(in srgb, var(--infer) 64%, var(--paper)); } .part-3 { --tone: color-mix(in srgb, var(--infer) 38%, var(--paper)); }
.swatch { display: inline-block; flex: none; width: 10px; height: 10px; margin-right: 8px; border-radius: 50%; background: var(--tone); }
.name { display: inline-flex; align-items: baseline; font-weight: 600; }
.dot-label .name { display: block; }
.key { display: inline-flex; align-items: baseline; margin-right: 18px; }
.legend { display: inline-flex; flex-wrap: wrap; font-size: 14px; color: var(--quiet); }
.legend .swatch { width: 9px; height: 9px; margin-right: 6px; }
.dash { display: inline-block; width: 18px; margin-right: 6px; border-top: 2px dashed var(--tone, var(--full)); transform: translateY(-4px); }

table { width: 100%; border-collapse: collapse; font-size: 15px; line-height: 1.45; }
caption { padding: 0 0 10px; text-align: left; font-size: 14px; max-width: 60em; }
th, td { padding: 10px 0 10px 20px; vertical-align: top; text-align: left; font-weight: 400; }
th:first-child, td:first-child { padding-left: 0; }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
thead th { padding-top: 6px; padding-bottom: 8px; color: var(--quiet); font-size: 13.5px; border-bottom: 1.5px solid var(--ink); vertical-align: bottom; white-space: nowrap; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tfoot > tr > * { border-top: 1.5px solid var(--ink); font-weight: 600; }
td b { font-weight: 600; }
th small, td small { display: block; font-size: 13px; font-weight: 400; }
td small { white-space: nowrap; }
tbody th, .dot-label, .key, h1, h3, .eyebrow, dd { overflow-wrap: anywhere; }
.verdict.better { color: var(--good); } .verdict.worse { color: var(--bad); }
.none { color: var(--quiet); }
.scroll {
  overflow-x: auto;
  background: linear-gradient(90deg, var(--paper) 40%, transparent) left / 48px 100% no-repeat local,
    linear-gradient(-90deg, var(--paper) 40%, transparent) right / 48px 100% no-repeat local,
    linear-gradient(90deg, var(--line), transparent) left / 16px 100% no-repeat scroll,
    linear-gradient(-90deg, var(--line), transparent) right / 16px 100% no-repeat scroll;
}
.scroll tbody th { min-width: 9em; }
.scroll table { min-width: 720px; }
code, pre { font: 13.5px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.judgements { margin: 0 0 36px; padding: 0 0 0 20px; }
.judgements li { margin: 4px 0; }
.accuracy { margin-top: 40px; }

figure { margin: 0; }
figcaption { line-height: 1.45; }
.dots > figcaption { margin-bottom: 14px; }
.dots > figcaption strong { margin-right: 18px; }
.dot-row { display: grid; grid-template-columns: 232px minmax(0, 1fr) 96px; gap: 20px; align-items: center; }
.dot-label, .dot-value { line-height: 1.35; }
.dot-label small { display: block; font-size: 13px; }
.dot-value { font-weight: 600; font-size: 15px; }
.strip { display: block; overflow: visible; }
.axis { position: relative; height: 22px; border-top: 1.5px solid var(--quiet); }
.axis span { position: absolute; top: 4px; transform: translateX(-50%); white-space: nowrap; font-size: 13px; color: var(--quiet); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); stroke-width: 1; fill: none; vector-effect: non-scaling-stroke; }
.reference { stroke: var(--tone, var(--full)); stroke-width: 1.5; stroke-dasharray: 5 4; }
.bar { stroke: var(--tone); stroke-width: 2; }
.mean { fill: var(--tone); }
.dot-row.opens { margin-top: 12px; }
.seed { fill: none; stroke: var(--tone); stroke-width: 1.5; }

.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 44px 48px; }
.panel > figcaption { min-height: 3.1em; margin-bottom: 10px; }
.panel > figcaption strong { font-size: 15.5px; font-weight: 650; }
.panel > figcaption .quiet { font-size: 13.5px; }
.panel .legend { display: flex; }
.panel .note { margin: 6px 0 0; font-size: 13px; }
.plot { display: grid; grid-template-columns: 44px 1fr; grid-template-rows: 200px 24px; }
.plot > svg { display: block; width: 100%; height: 100%; overflow: hidden; border-bottom: 1.5px solid var(--quiet); }
.ys, .xs { position: relative; font-size: 13px; color: var(--quiet); font-variant-numeric: tabular-nums; }
.ys span { position: absolute; right: 8px; transform: translateY(-50%); line-height: 1; }
.xs { grid-column: 2; }
.xs span { position: absolute; top: 4px; transform: translateX(-50%); line-height: 1.3; white-space: nowrap; }
.line { fill: none; stroke: var(--tone); stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.line.light { stroke-width: 1; opacity: .28; }
.line.strong { stroke-width: 2.2; }
.scatter .plot { grid-template-rows: 320px 24px; }
.scatter .legend { row-gap: 2px; }
.join { stroke: var(--tone); stroke-width: 1.5; opacity: .5; }
#course .join { stroke-width: 2; opacity: .8; }
#course .bar { opacity: .35; }
.mark { flex: none; align-self: center; margin-right: 6px; fill: var(--tone); }
.accuracy + .scatter { margin-top: 56px; }
.scatter + .scatter { margin-top: 32px; }

.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 24px; margin: 0; padding: 0; list-style: none; }
.card { padding: 20px 22px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; min-width: 0; }
.card > p { margin: 0 0 14px; font-size: 13.5px; }
.triple { display: grid; grid-template-columns: 1fr 14px 1fr 14px 1fr; gap: 8px; margin-bottom: 12px; }
.triple figure { min-width: 0; }
.triple img { display: block; width: 100%; height: auto; border-radius: 3px; }
.triple figcaption { margin-top: 4px; font-size: 13px; color: var(--quiet); }
.operator { align-self: center; margin-top: -24px; text-align: center; color: var(--quiet); }
img.pixels { image-rendering: pixelated; }
.labels, .bars { position: relative; }
.labels { table-layout: fixed; font-size: 14px; }
.labels th, .labels td { padding: 4px 0 4px 12px; vertical-align: middle; }
.labels th { padding-left: 0; width: 42%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.labels td.number { width: 62px; }
.labels tbody tr + tr > * { border-top: 0; }
.track > i { display: block; height: 10px; min-width: 2px; border-radius: 2px; background: var(--tone, var(--infer)); }

.stack { display: flex; gap: 2px; height: 30px; margin-bottom: 28px; border-radius: 4px; overflow: hidden; }
.stack > i { flex: 0 1 0; min-width: 2px; background: var(--tone); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 36px 56px; align-items: start; }
.bars .track { width: 34%; vertical-align: middle; }
.bars.wide .track { width: 60%; }
.bars td { white-space: nowrap; }

details { border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
summary { padding: 14px 0; cursor: pointer; font-weight: 600; }
dl { margin: 0; }
details dl { display: grid; grid-template-columns: 110px minmax(0, 1fr); gap: 6px 20px; margin: 8px 0 28px; font-size: 15px; }
details dt { color: var(--quiet); }
details dd { margin: 0; min-width: 0; }
pre { margin: 12px 0 24px; padding: 16px 20px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
:focus-visible { outline: 2px solid var(--infer); outline-offset: 2px; }

@media (max-width: 700px) {
  main, footer { padding-left: 20px; padding-right: 20px; }
  header { padding-top: 40px; }
  h1 { font-size: 22px; }
  section { margin-top: 56px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 12px; }
  .tile { padding: 12px 14px 14px; }
  .tile dd { font-size: 22px; }
  .tile dd span { font-size: 15px; }
  .dot-row, .dot-row.opens { grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; margin-top: 14px; }
  .dot-row .dot-strip { grid-column: 1 / -1; grid-row: 2; margin: 0 8px; }
  .dot-label .name { display: inline; margin-right: 8px; }
  .dot-label small { display: inline; }
  .accuracy, .accuracy caption, .accuracy tbody, .accuracy tr, .accuracy th { display: block; }
  .accuracy thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .accuracy tbody tr { padding: 14px 0; border-top: 1px solid var(--line); }
  .accuracy tbody tr > * { padding: 2px 0; border: 0; }
  .accuracy th small { display: inline; margin-left: 18px; }
  .accuracy th .name { display: flex; }
  .accuracy td { display: flex; justify-content: space-between; gap: 20px; }
  .accuracy td.none { display: none; }
  .accuracy td::before { content: attr(data-title); color: var(--quiet); font-size: 14px; }
  .card { padding: 16px; }
  .bars .track, .bars.wide .track { width: 26%; }
  th, td { padding-left: 12px; }
  details dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  details dd { margin-bottom: 10px; }
}
@media print {
  :root { --paper: #ffffff; --card: #ffffff; color-scheme: light; }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  header { padding-top: 0; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); }
  .tile dd { font-size: 21px; }
  section { margin-top: 32px; }
  h2, caption { break-after: avoid; }
  figure, tr, .card, .tile, .notice { break-inside: avoid; }
  .scroll { overflow: visible; }
  .scroll table { min-width: 0; }
  nav { display: none; }
  .panels, .gallery { grid-template-columns: 1fr 1fr; gap: 24px; }
  pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; }
}
`;
