import { parseHTML } from "linkedom";
import type { Chart } from "../charts/chart.ts";

/** A part of a report. */
export interface Section {
  title: string;
  /** What stands above its charts. */
  html: string;
  charts: readonly Chart[];
}

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
  document: Document;
};

/** Writes a report as one HTML file that loads nothing else. */
export function reportHtml(
  { title, summary, sections }: { title: string; summary: string; sections: readonly Section[] },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1><p>${escapeHtml(summary)}</p></header>
<nav>${sections.map((section, i) => `<a href="#s${i}">${escapeHtml(section.title)}</a>`).join("")}</nav>
${sections.map((section, i) => sectionHtml(section, `s${i}`)).join("\n")}
</body>
</html>
`;
}

function sectionHtml({ title, html, charts }: Section, id: string): string {
  const figures = charts.map((chart) => {
    const title = escapeHtml(chart.title);
    return `<figure><h3>${title}</h3><div class="chart" tabindex="0" role="group" aria-label="${title}">` +
      `${chart.draw(document).outerHTML}</div><figcaption>${escapeHtml(chart.caption)}</figcaption></figure>`;
  });
  return `<section id="${id}"><h2>${escapeHtml(title)}</h2>\n${html}\n${figures.join("\n")}</section>`;
}

/** Writes rows of text as a table; the last cell of a row is also its class. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: "th" | "td") =>
    row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("");
  const body = rows.map((row) => `<tr class="${escapeHtml(row[row.length - 1])}">${cells(row, "td")}</tr>`);
  return `<div class="scroll" tabindex="0" role="region" aria-label="table"><table>` +
    `<thead><tr>${cells(head, "th")}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** Escapes text for HTML. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6472; --paper: #fdfdfb; --line: #d9dce1; --good: #1a7f37;
  --bad: #c62828; --accent: #2563a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --soft: #9aa3b0; --paper: #14171c; --line: #333a44; --good: #57c26f; --bad: #ff7b72;
    --accent: #7db4ee; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 2rem 1.5rem 5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.45rem; margin: 3rem 0 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .6rem; }
header p, figcaption { color: var(--soft); margin: 0; }
figcaption { max-width: 60rem; margin-top: .4rem; font-size: .92rem; }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; margin-top: 1.2rem; }
a { color: var(--accent); }
figure { margin: 2.2rem 0; }
.chart, .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); }
td { max-width: 26rem; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
tr.agrees td:last-child { color: var(--good); }
tr.misses td:last-child { color: var(--bad); font-weight: 700; }
.names { columns: 11rem; column-gap: 2rem; padding: 0; list-style: none; }
.names span { color: var(--soft); font-size: .85rem; }
`;
