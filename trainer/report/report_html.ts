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

/** Where `deno task start` serves the page unless it is told otherwise. */
const PAGE = "http://127.0.0.1:8000";

/**
 * Writes a report as one HTML file that loads nothing else.
 *
 * @param model The model that its links to the page open; default: the server's own.
 */
export function reportHtml(
  { title, summary, sections, model }: {
    title: string;
    summary: string;
    sections: readonly Section[];
    model?: string;
  },
): string {
  const home = `${PAGE}/${model === undefined ? "" : `?model=${encodeURIComponent(model)}`}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="masthead"><p class="wordmark"><a href="${home}">edgemore</a></p>
<nav aria-label="Pages of deno task start"><a href="${home}">The page</a><a href="${PAGE}/docs">API</a></nav></header>
<main>
<div class="title"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(summary)}</p></div>
<nav aria-label="Sections">${
    sections.map((section, i) => `<a href="#s${i}">${escapeHtml(section.title)}</a>`).join("")
  }</nav>
${sections.map((section, i) => sectionHtml(section, `s${i}`)).join("\n")}
</main>
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

/** Writes rows of text as a table, with a head if there is one; the last cell of a row is also its class. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: "th" | "td") =>
    row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("");
  const body = rows.map((row) => `<tr class="${escapeHtml(row[row.length - 1])}">${cells(row, "td")}</tr>`);
  return `<div class="scroll" tabindex="0" role="region" aria-label="table"><table>` +
    `${head.length > 0 ? `<thead><tr>${cells(head, "th")}</tr></thead>` : ""}<tbody>${
      body.join("\n")
    }</tbody></table></div>`;
}

/** Escapes text for HTML. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}

/** The colours and typefaces are those of page/colors.css. */
const STYLE = `
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1d1b18; --soft: #655f56; --line: #e2ddd3; --accent: #b0341a;
  --good: #1a6b31; --bad: #b3261e;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, "Book Antiqua", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #151412; --ink: #ece7de; --soft: #a8a095; --line: #37332d; --accent: #ff9272; --good: #57c26f;
    --bad: #ff7b72; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; padding: 1.4rem clamp(1.1rem, 4vw, 2.5rem) 5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 var(--sans); overflow-wrap: anywhere; }
h1 { font: 400 clamp(2.2rem, 1.2rem + 3.6vw, 3.7rem)/1.06 var(--serif); letter-spacing: -.02em; margin: 2rem 0 .8rem; }
h2 { font: 400 1.9rem/1.1 var(--serif); margin: 3rem 0 1rem; padding-top: 2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 0 0 .6rem; }
.title p, figcaption { color: var(--soft); margin: 0; max-width: 44rem; }
figcaption { margin-top: .4rem; font-size: .92rem; }
.masthead { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .4rem 2rem; }
.wordmark { margin: 0; font: 700 1.15rem/1 var(--sans); letter-spacing: -.02em; }
.wordmark a { color: inherit; text-decoration: none; }
.wordmark::after { content: "."; color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; }
main > nav { margin-top: 1.2rem; }
a { color: var(--accent); text-underline-offset: .18em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
figure { margin: 2.2rem 0; }
.chart, .scroll { overflow-x: auto; padding: 4px 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); }
td { max-width: 26rem; overflow-wrap: anywhere; }
td:first-child { overflow-wrap: normal; }
th { color: var(--soft); font-weight: 600; }
tr.agrees td:last-child { color: var(--good); }
tr.misses td:last-child { color: var(--bad); font-weight: 700; }
.names { columns: 11rem; column-gap: 2rem; padding: 0; list-style: none; font: 1.1rem/1.6 var(--serif); }
.names span { color: var(--soft); font: .8rem var(--sans); }
`;
