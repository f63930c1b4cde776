import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { escapeHtml, reportHtml, table } from "../../../trainer/report/report_html.ts";
import { startTrainer } from "../../processes.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

test("report writes one file with the card, samples and charts of a model, that loads nothing else", async () => {
  const directory = await temporaryDirectory();
  const { code, stdout, stderr } = await startTrainer(["report", "mlp", "--out", directory]).ended;
  expect(code, stderr).toBe(0);
  expect(stdout.trim()).toBe(join(directory, "mlp.html"));
  const html = await readFile(join(directory, "mlp.html"), "utf8");
  for (
    const title of [
      "Card",
      "Samples",
      "Loss curve",
      "Embeddings: mlp",
      "Bigram counts, 27 × 27",
      "The likeliest names",
    ]
  ) {
    expect(html).toContain(title);
  }
  expect(html.match(/<svg/g)!.length).toBe(3);
  const addresses = (html.match(/(?:href|src|url)\s*[=(]\s*["']?[^"')\s>]+/g) ?? []).filter((found) =>
    // A link to the page is followed, not loaded.
    !found.includes("#") && !found.startsWith('href="http://127.0.0.1:8000/')
  );
  expect(addresses).toEqual([]);
  expect(html).not.toContain("<script");
});

test("a report and its tables escape text", () => {
  expect(escapeHtml('<a b="c">&')).toBe("&lt;a b=&quot;c&quot;&gt;&amp;");
  expect(table(["<x>"], [["<y>"]])).not.toContain("<y>");
  const html = reportHtml({
    title: "<t>",
    summary: "&",
    sections: [{ title: "<s>", html: "<p>kept</p>", charts: [] }],
  });
  expect(html).toContain("<h1>&lt;t&gt;</h1>");
  expect(html).toContain("<p>kept</p>");
});
