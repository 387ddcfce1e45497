/** The page's style sheet. Colours come in pairs for light and dark; nothing is wider than the page, whatever is in it. */
export const STYLE = `
:root{color-scheme:light dark;
--paper:light-dark(#f5f6f8,#11141a);--card:light-dark(#ffffff,#191d25);--well:light-dark(#f3f5f8,#12161d);
--ink:light-dark(#1a2130,#e6e9ef);--quiet:light-dark(#5a6475,#9aa4b5);--edge:light-dark(#dde1e8,#2c333f);
--rail:light-dark(#3350c8,#8ea4ff);--good:light-dark(#187045,#5fce96);--bad:light-dark(#b3261e,#ff8d84);--waiting:light-dark(#8a5a00,#e9b95a);--neutral:var(--quiet)}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem clamp(.75rem,3vw,2rem) 3rem;max-width:72rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
h1,h2,h3,h4,p,ul,ol,dl,dd,pre{margin:0}
h1{font-size:clamp(1.4rem,4vw,2rem);line-height:1.2;letter-spacing:-.015em;margin:.25rem 0 1rem}
h2{font-size:1.2rem;letter-spacing:-.01em;margin-bottom:.75rem}
h3{font-size:1rem;margin:1rem 0 .35rem}
h4{font-size:.75rem;font-weight:600;text-transform:uppercase;letter-spacing:.05em;color:var(--quiet);margin:.75rem 0 .25rem}
a{color:var(--rail)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.86em}
code{background:var(--well);border-radius:4px;padding:.1em .3em}
p+p,.said+p,p+.said,ul+p,p+ul,.said+.said{margin-top:.5rem}
ul,ol{padding-left:1.25rem}
.quiet,.when{color:var(--quiet);font-size:.875rem}
.said,pre{background:var(--well);border:1px solid var(--edge);border-radius:8px;padding:.6rem .8rem;white-space:pre-wrap;overflow:clip;unicode-bidi:isolate}
pre{line-height:1.45;max-height:36rem;overflow:auto}
.cut{display:block;margin:.5rem 0;color:var(--waiting);font-style:italic}
.skip,.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.skip:focus{width:auto;height:auto;clip-path:none;background:var(--card);padding:.5rem}
header,section{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:clamp(1rem,3vw,1.75rem);min-width:0}
header{border-top:5px solid var(--neutral)}
header.good{border-top-color:var(--good)}header.bad{border-top-color:var(--bad)}header.waiting{border-top-color:var(--waiting)}
.eyebrow{color:var(--quiet);font-size:.85rem}
.standing{display:flex;gap:.75rem;align-items:flex-start}.standing>div,.first li>div{flex:1;min-width:0}
.headline{font-weight:650;font-size:1.1rem}.headline+p{margin-top:.1rem}
.sign{flex:none;display:inline-grid;place-items:center;width:1.5em;height:1.5em;border-radius:50%;color:var(--card);background:var(--neutral);font-weight:700;font-size:.85rem;line-height:1}
.sign.good{background:var(--good)}.sign.bad{background:var(--bad)}.sign.waiting{background:var(--waiting)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin-top:1.25rem}
.facts div{background:var(--well);border-radius:10px;padding:.55rem .8rem}
.facts dt{font-size:.78rem;color:var(--quiet)}.facts dd{font-weight:650;font-variant-numeric:tabular-nums}.facts small{display:block;font-weight:400;color:var(--quiet)}
.when{margin-top:.9rem}
.columns{display:grid;gap:1rem;margin-top:1rem}
main{display:grid;gap:1rem;min-width:0}
nav ol{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.35rem}
nav a{display:block;padding:.25rem .7rem;border:1px solid var(--edge);border-radius:99px;background:var(--card);color:var(--ink);font-size:.85rem;text-decoration:none}
nav a:hover,nav a:focus-visible{border-color:var(--rail);color:var(--rail)}
@media (min-width:62rem){.columns{grid-template-columns:11.5rem minmax(0,1fr)}nav{position:sticky;top:1rem;align-self:start}nav ol{flex-direction:column;gap:0;border-left:2px solid var(--edge)}nav a{border:0;border-left:2px solid transparent;margin-left:-2px;border-radius:0;background:none;color:var(--quiet)}}
.tag{display:inline-block;padding:.05em .6em;border-radius:99px;border:1px solid currentColor;color:var(--neutral);font-size:.78rem;font-weight:600;line-height:1.6;vertical-align:.08em}
.tag.good{color:var(--good)}.tag.bad{color:var(--bad)}.tag.waiting{color:var(--waiting)}
.fixed{white-space:nowrap}
.tags{display:flex;flex-wrap:wrap;gap:.4rem;margin-top:.75rem}
.first{list-style:none;padding:0;display:grid;gap:.75rem}
.first li{display:flex;gap:.7rem}.first .said{margin-top:.35rem;font-size:.92rem}
.more{font-size:.8rem;white-space:nowrap}
.plain{list-style:none;padding:0}.asked ul{margin-top:.5rem}
.files{list-style:none;padding:0;display:grid;gap:.25rem}
.finding{border:1px solid var(--edge);border-left:4px solid var(--neutral);border-radius:10px;padding:.9rem 1.1rem;margin-top:.9rem}
.finding.good{border-left-color:var(--good)}.finding.bad{border-left-color:var(--bad)}.finding.waiting{border-left-color:var(--waiting)}
.finding h3{margin-top:0}
table{border-collapse:collapse;width:100%;margin-top:.9rem;font-size:.92rem}
th,td{text-align:left;padding:.5rem .6rem;border-top:1px solid var(--edge);vertical-align:top}
thead th{border-top:0;font-size:.78rem;color:var(--quiet);font-weight:600}
tbody th{font-weight:550}th .quiet{font-weight:400}tfoot{font-weight:650}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{width:16%;min-width:3rem}svg{display:block;fill:var(--rail)}.bar svg{margin-top:.45rem}
.line{display:grid;gap:1.1rem}.mode{margin-bottom:1rem}
.stretch{--run:var(--neutral)}.stretch.good{--run:var(--rail)}.stretch.bad{--run:var(--bad)}.stretch.waiting{--run:var(--waiting)}
.stretch h3{margin-top:0;font-size:1.05rem}
.depth-1{margin-left:1.25rem}.depth-2{margin-left:2.5rem}.depth-3{margin-left:3.5rem}
.stations{list-style:none;padding:0;margin-top:.6rem}
.stations>li{position:relative;padding:0 0 .85rem 2rem;min-width:0}
.stations>li::before{content:"";position:absolute;left:.56rem;top:.75rem;bottom:-.75rem;width:4px;background:var(--run)}
.stations>li:last-child::before,.stations>li.skipped:first-child::before{display:none}
.stations>li::after{content:"";position:absolute;left:.2rem;top:.3rem;width:14px;height:14px;border-radius:50%;border:4px solid var(--run);background:var(--card);box-sizing:border-box;transform:scale(1.15)}
.stations>li.skipped{color:var(--quiet)}
.stations>li.skipped::after{left:1.4rem;width:10px;height:10px;top:.45rem;border:2px dashed var(--quiet);transform:none}
.stations>li.skipped .name,.stations>li.skipped .why{margin-left:.5rem}.stations>li.skipped strong{font-weight:500}
.stations>li.waits::after,.stations>li.open::after{border-color:var(--waiting)}
.stations>li.stopped::after,.stations>li.again::after{border-color:var(--bad)}
.stations>li.left{opacity:.65}
.name{line-height:1.5}.why{font-size:.86rem;color:var(--quiet);margin-top:0!important}
.ran{font-size:.9rem;margin-top:.2rem!important}
.blocker,.gate{border-left:3px solid var(--waiting);padding-left:.7rem;margin:.45rem 0;font-size:.9rem}
.brief{color:var(--quiet);font-size:.86rem;font-weight:400}.inner{padding:0 .9rem .9rem}.pinned{color:var(--quiet);font-size:.82rem;margin-top:.25rem}
.chart{display:grid;gap:.3rem;margin-bottom:1.25rem}
.row{display:grid;grid-template-columns:minmax(6rem,9rem) minmax(0,1fr);gap:.75rem;align-items:center;font-size:.85rem}
.row svg{background:var(--well);border-radius:7px}
details.session{border:1px solid var(--edge);border-radius:10px;margin-top:.5rem}
summary{cursor:pointer;overflow-wrap:anywhere}
details.session>summary{padding:.6rem .9rem}
details.session[open]>summary{border-bottom:1px solid var(--edge)}
.told{padding:.5rem .9rem 0;font-size:.92rem}.told ul{margin-top:.35rem}
.id{color:var(--quiet);background:none;padding:0;font-size:.78rem}
.activity{list-style:none;padding:.5rem .9rem .9rem}
.activity>li{display:grid;grid-template-columns:4.6rem minmax(0,1fr);gap:.5rem;padding:.45rem 0}
.activity>li+li{border-top:1px solid var(--edge)}
.activity time{font-variant-numeric:tabular-nums;color:var(--quiet);font-size:.8rem;padding-top:.15rem}
.activity .happening .said{background:none;border:0;padding:0;font-size:.88rem;color:var(--quiet)}
.thinking .said{font-style:italic;color:var(--quiet)}
.turn .said{margin-top:.35rem}
.tool{margin-top:.4rem;border-left:3px solid var(--edge);padding-left:.7rem;font-size:.92rem}
.about{color:var(--ink)}.tool pre{margin-top:.25rem}
footer{color:var(--quiet);font-size:.85rem;margin-top:1.5rem}
@media (max-width:40rem){
body{font-size:15px}
table,tbody,tr,td,tfoot,tbody th,tfoot th{display:block;border:0;padding:0}
thead,.bar,tfoot td:empty{display:none}
tbody tr,tfoot tr{border-top:1px solid var(--edge);padding:.65rem 0;display:grid;gap:.2rem}
td::before{content:attr(data-label) ": ";color:var(--quiet);font-size:.82rem}
.number{text-align:left;white-space:normal}
.figures tr{display:flex;flex-wrap:wrap;gap:.1rem 1rem}.figures th{flex:0 0 100%}
.activity>li{grid-template-columns:minmax(0,1fr);gap:.1rem}
.row{grid-template-columns:minmax(0,1fr);gap:.15rem}
.depth-1,.depth-2,.depth-3{margin-left:.6rem}
}
@media print{
:root{color-scheme:light}
body{background:#fff;max-width:none;padding:0;font-size:10.5pt}
nav,.skip,.more{display:none}
.columns,main{display:block}
header,section{border:0;border-radius:0;padding:.6rem 0}header{border-top:4px solid var(--neutral)}
section{border-top:1px solid var(--edge)}
h2,h3{break-after:avoid}.finding,tr,.stations>li,.first li{break-inside:avoid}
pre{max-height:none;overflow:visible}
.sign,rect,.stations>li::before{-webkit-print-color-adjust:exact;print-color-adjust:exact}
a{color:inherit}
}
`;
