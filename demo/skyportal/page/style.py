"""How the pages look, on light and on dark screens."""

STYLE = """
:root { color-scheme: light dark;
  --ground: #f4f5f7; --sheet: #fff; --ink: #1d2129; --faint: #667080; --line: #d9dde4; --link: #1a5fb4;
  --good: #1a7f4b; --wait: #9a6200; --bad: #c0242c;
  --u: #0c71ff; --g: #23913f; --r: #c61c00; --i: #b98200; --z: #c42a8d; --y: #6d2b2b; --x: #777f8c; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #15181d; --sheet: #1e2228; --ink: #e4e7ec; --faint: #98a2b1; --line: #363c46; --link: #7db4ff;
  --good: #5fd394; --wait: #f0b24a; --bad: #ff7a7a;
  --u: #6aa9ff; --g: #57cf78; --r: #ff6b52; --i: #f2c230; --z: #f278c4; --y: #d19a8a; --x: #98a2b1; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1, h2, h3, p, ul, dl, figure { margin: 0; padding: 0; } ul { list-style: none; }
h1 { font-size: 24px; } h2 { font-size: 16px; } small { font-size: 12px; color: var(--faint); font-weight: normal; }
.none { color: var(--faint); font-size: 13px; }
.banner { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; padding: 12px 24px;
  background: var(--sheet); border-bottom: 1px solid var(--line); }
.home { font-size: 18px; font-weight: 700; color: var(--ink); }
main { max-width: 1480px; margin: 0 auto; padding: 16px 24px 40px; display: flex; flex-direction: column; gap: 12px; }
.counts { display: flex; flex-wrap: wrap; gap: 4px 28px; color: var(--faint); }
.counts b { font-size: 22px; color: var(--ink); font-variant-numeric: tabular-nums; }
.line, .chips, nav, .steps { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: baseline; }
.chip { padding: 0 8px; border: 1px solid var(--line); border-radius: 10px; background: var(--ground);
  font-size: 12px; overflow-wrap: anywhere; }
.good { color: var(--good); } .wait { color: var(--wait); } .bad { color: var(--bad); border-color: currentColor; }
nav { gap: 4px 24px; color: var(--faint); border-top: 1px solid var(--line); padding-top: 10px; }
.steps { gap: 4px 12px; margin-right: auto; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); gap: 16px; }
.card, section { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; padding: 14px;
  min-width: 0; }
.card { display: flex; flex-direction: column; gap: 8px; }
.card > header div { display: flex; flex-wrap: wrap; gap: 0 12px; }
.card h2 { overflow-wrap: anywhere; }
.position, .when { white-space: pre; color: var(--faint); font-variant-numeric: tabular-nums; font-size: 13px; }
.when { margin-left: auto; }
.beside { display: flex; gap: 14px; }
.cutouts, .pictures { display: flex; flex-wrap: wrap; gap: 8px; } .card .cutouts { flex-wrap: nowrap; }
figure img, .nothing { display: block; width: 70px; height: 70px; border: 1px solid var(--line); border-radius: 3px; }
figure img { image-rendering: pixelated; background: #000; }
.nothing { display: grid; place-items: center; color: var(--faint); font-size: 12px; border-style: dashed; }
figcaption { text-align: center; font-size: 11px; color: var(--faint); }
.pictures figure img, .pictures .nothing { width: 180px; height: 180px; }
.classes { flex: 1; min-width: 0; } .classes li { display: flex; flex-wrap: wrap; gap: 0 8px; align-items: baseline; }
.class { flex: 1 0 100%; font-weight: 600; overflow-wrap: anywhere; }
.classes b { font-variant-numeric: tabular-nums; font-weight: normal; }
.classes li + li { margin-top: 3px; } .classes small { overflow-wrap: anywhere; min-width: 0; }
meter { width: 44px; height: 10px; align-self: center; }
td meter { vertical-align: middle; }
.curve { display: block; width: 100%; height: auto; }
.curve text { font-size: 11px; fill: var(--faint); font-variant-numeric: tabular-nums; }
.frame { fill: none; stroke: var(--line); } .grid { stroke: var(--line); stroke-dasharray: 2 3; }
.tick { stroke: var(--line); } .zero { stroke: var(--faint); }
.band-u { --c: var(--u); } .band-g { --c: var(--g); } .band-r { --c: var(--r); } .band-i { --c: var(--i); }
.band-z { --c: var(--z); } .band-y { --c: var(--y); } .band-x { --c: var(--x); } .band-any { --c: var(--faint); }
.filled { fill: var(--c); stroke: var(--sheet); stroke-width: .5; }
.open { fill: var(--sheet); fill-opacity: .5; stroke: var(--c); stroke-width: 1.2; }
.bar { stroke: var(--c); stroke-width: 1; opacity: .6; fill: none; }
.limit { fill: none; stroke: var(--c); stroke-width: 1.3; opacity: .75; }
.faint { fill: none; stroke: var(--c); stroke-width: 1; opacity: .55; }
.cross { fill: none; stroke: var(--c); stroke-width: 1.4; }
.legend { display: flex; flex-wrap: wrap; gap: 0 14px; font-size: 12px; color: var(--faint); }
.legend li { display: flex; gap: 4px; align-items: center; } .legend svg { width: 14px; height: 14px; }
.legend b { color: var(--ink); font-weight: 600; } .warning { color: var(--bad); }
.facts { columns: 200px; column-gap: 18px; font-size: 12.5px; } section .facts { columns: 300px; }
.facts div { display: flex; gap: 8px; justify-content: space-between; break-inside: avoid;
  border-bottom: 1px dotted var(--line); }
dt { color: var(--faint); overflow-wrap: anywhere; flex: 0 1 auto; min-width: 40%; }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; min-width: 0; }
summary { cursor: pointer; color: var(--link); font-size: 12.5px; margin: 4px 0; }
.empty { padding: 40px; text-align: center; display: grid; gap: 10px; justify-items: center; }
.place { display: flex; flex-wrap: wrap; gap: 0 20px; color: var(--faint); }
.place span { white-space: pre-wrap; }
section { display: flex; flex-direction: column; gap: 8px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13px; }
th, td { text-align: left; padding: 2px 14px 2px 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: normal; white-space: nowrap; }
"""
