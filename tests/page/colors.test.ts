import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { reportHtml } from "../../trainer/report/report_html.ts";

test("the report has the colours of page/colors.css", async () => {
  const colors = await readFile("page/colors.css", "utf8");
  const report = reportHtml({ title: "", summary: "", sections: [] });
  for (const name of ["paper", "ink", "soft", "line", "accent"]) {
    const values = (css: string) =>
      Array.from(css.matchAll(new RegExp(`--${name}: ([^;]+);`, "g")), ([, value]) => value);
    expect(values(report), name).toEqual(values(colors));
    expect(values(report), name).toHaveLength(2);
  }
});
