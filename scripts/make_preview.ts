/*
 * Draws page/preview.png, the picture that previews of links show: names that the model gru makes of seed 42, and how
 * likely each next letter is. It needs Chromium.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { nextCharacters } from "../shared/next_characters.ts";
import { sample } from "../shared/sampling.ts";
import { startBrowser } from "../tests/browser.ts";
import { loadModel } from "../trainer/load_model.ts";
import { mapValues, toTensor } from "../trainer/parameters.ts";
import { escapeHtml } from "../trainer/report/report_html.ts";
import { tensorFlowModel } from "../trainer/tensorflow_model.ts";

const MODEL = "gru";
const [WIDTH, HEIGHT] = [1200, 630];
/** How many names are shown. */
const NAMES = 6;
/** How many letters of the last name have been drawn; its bars are those of the next one. */
const DRAWN = 3;

const { network, parameters, vocabulary } = await loadModel("models", MODEL);
const cache = new DistributionCache(tensorFlowModel(network, mapValues(parameters, toTensor)));
const names = (await sample(cache, vocabulary, { n: NAMES + 1, seed: 42 })).map(({ name }) => name);
const begun = names.pop()!.slice(0, DRAWN);
const next = await nextCharacters(cache, vocabulary, vocabulary.encode(begun));

const most = next[0].probability;
const bars = next.toSorted((a, b) => (a.character < b.character ? -1 : 1)).map(({ character, probability }) =>
  `<li><i style="height:${115 * probability / most}px"></i>${character === "." ? "■" : character}</li>`
);
const html = `<!doctype html><html lang="en"><style>
${readFileSync(new URL("../page/colors.css", import.meta.url), "utf8")}
body { margin: 0; padding: 44px 72px; height: ${HEIGHT - 88}px; background: var(--paper); color: var(--ink);
  font: 24px var(--sans); display: grid; grid-template: auto 1fr auto / 1fr 1fr; column-gap: 40px; }
b { letter-spacing: -0.02em; } b::after, em { color: var(--accent); font-style: normal; } b::after { content: "."; }
h1 { grid-column: 1 / -1; text-wrap: balance; margin: 14px 0 22px; font: 400 64px/1.05 var(--serif); letter-spacing: -0.02em; }
p { margin: 0; font: 38px/1.4 var(--serif); columns: 2; }
ol { grid-column: 1 / -1; display: flex; gap: 6px; align-items: flex-end; margin: 0; padding: 0; list-style: none;
  font: 22px var(--serif); }
li { flex: 1; text-align: center; } i { display: block; background: var(--accent); border-radius: 3px; }
.begun { columns: 1; font-size: 76px; text-align: right; align-self: end; }
</style><b>edgemore</b><span></span><h1>New names, made one letter at a time.</h1>
<p>${names.map(escapeHtml).join("<br>")}</p><p class="begun">${escapeHtml(begun)}<em>_</em></p>
<ol>${bars.join("")}</ol></html>`;

const browser = await startBrowser("none");
const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, colorScheme: "light" });
await page.setContent(html);
writeFileSync(new URL("../page/preview.png", import.meta.url), await page.screenshot());
await browser.close();
