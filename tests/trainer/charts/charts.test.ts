/// <reference lib="dom" />
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { activationHistograms } from "../../../trainer/charts/activation_histogram.ts";
import { bigramHeatMap } from "../../../trainer/charts/bigram_heat_map.ts";
import type { Chart } from "../../../trainer/charts/chart.ts";
import { embeddingScatter, isVowel } from "../../../trainer/charts/embedding_scatter.ts";
import { learningRateCharts } from "../../../trainer/charts/learning_rate.ts";
import { lossCurve } from "../../../trainer/charts/loss_curve.ts";
import { oneHotRows } from "../../../trainer/charts/one_hot_rows.ts";
import { stepLosses } from "../../../trainer/charts/step_losses.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
  document: Document;
};

/** Most ticks of both axes together. */
const MAX_TICKS = 40;

/** Losses that a chart may be given. */
const LOSSES: [name: string, losses: number[]][] = [
  ["large", [1e9, 2, 1e9, 3]],
  ["small", [1e-9, 2e-9, 1e-9, 3e-9]],
  ["equal", [2.5, 2.5, 2.5, 2.5]],
  ["zero", [0, 0, 0, 0]],
  ["negative", [-1e9, -2, -1e-9, -3]],
  ["denormal", [5e-324, 1e-320, 5e-324, 1e-320]],
  ["far apart", [1e300, 1e-300, 0, 1]],
  ["of both signs at the limit", [1e308, -1e308, 0, 1]],
  ["close at a large size", [1e18, 1e18 + 256, 1e18, 1e18]],
  ["infinite", [2, Infinity, 3, Infinity]],
  ["not numbers", [2, NaN, 3, NaN]],
  ["null, as JSON writes NaN", [2, null as unknown as number, 3, 4]],
  ["neither finite nor numbers", [NaN, Infinity, NaN, -Infinity]],
];

/** Expects few ticks and no coordinate that is not a finite number. */
function expectBounded(chart: Chart): void {
  const svg = chart.draw(document).outerHTML;
  expect(svg).toMatch(/^<svg/);
  expect(svg.match(/<(?:text|tspan)/g)?.length ?? 0).toBeLessThanOrEqual(MAX_TICKS);
  expect(svg.match(/(?:[xyd]|[xy][12]|points|transform)="[^"]*(?:NaN|Infinity)[^"]*"/)).toBeNull();
  expect(svg.length).toBeLessThan(100_000);
}

describe.each(LOSSES)("charts of losses that are %s have a bounded number of ticks", (_name, losses) => {
  test("loss curve", () => {
    const history = losses.map((loss, step) => ({ step, loss, dev_nll: loss }));
    expectBounded(lossCurve(history));
    expectBounded(lossCurve(history, { width: 400, height: 260 }));
  });

  test("step losses", () => {
    for (const chart of stepLosses("", losses)) expectBounded(chart);
  });

  test("learning rates", () => {
    const finding = {
      exponents: [-3, -2, -1, 0],
      losses,
      smoothed: losses,
      plateau: [0.01, 0.1] as [number, number],
      suggestion: 0.03,
    };
    for (const chart of learningRateCharts(finding)) expectBounded(chart);
  });
});

/** The elements of a chart that a selector finds. */
function elements(chart: Chart, selector: string): Element[] {
  return [...chart.draw(document).querySelectorAll(selector)];
}

test("every chart is an image with a text alternative, and holds no style sheet", () => {
  const charts = [
    lossCurve([{ step: 0, loss: 3 }, { step: 1000, loss: 2 }]),
    ...stepLosses("short", [3, 2]),
    bigramHeatMap([".", "a"], [[0, 1], [2, 3]]),
    oneHotRows(Int32Array.of(1), [".", "a"]),
    embeddingScatter([".", "a"], [[0, 0], [1, 1]], { title: "Embeddings", caption: "" }),
    ...activationHistograms("plain", {
      preActivations: Float32Array.of(-1, 0, 2),
      mean: 0.33,
      std: 1.25,
      saturated: 0,
    }),
  ];
  for (const chart of charts) {
    const svg = chart.draw(document);
    expect(svg.getAttribute("role"), chart.title).toBe("img");
    expect(svg.getAttribute("aria-label"), chart.title).toMatch(/\w{3}/);
    expect(svg.querySelector("style, [aria-label]"), chart.title).toBeNull();
  }
  expect(charts[0].draw(document).getAttribute("aria-label")).toBe(
    "Loss curve: from 3.00 to 2.00 nats a character in 1,000 steps",
  );
});

test("the loss curve draws both losses, and marks each point of the dev split", () => {
  const chart = lossCurve([
    { step: 10, loss: 3 },
    { step: 20, loss: 2.5, dev_nll: 2.6 },
    { step: 30, loss: NaN, dev_nll: 2.4 },
  ]);
  const points = ["var(--soft)", "var(--accent)"].map((colour) => {
    const [line, ...more] = elements(chart, `g[stroke="${colour}"] path`);
    expect(more).toEqual([]);
    return line.getAttribute("d")!.match(/[ML]/g);
  });
  expect(points).toEqual([["M", "L"], ["M", "L"]]);
  expect(elements(chart, "circle")).toHaveLength(2);
});

describe("the heat map of bigrams", () => {
  const symbols = [".", "a", "."]; // a vocabulary may have a real '.'
  const counts = [[0, 1, 4], [2, 0, 0], [0, 0, 16]];

  test("has a cell for each pair that occurs, the more often the more opaque", () => {
    const cells = elements(bigramHeatMap(symbols, counts, "plain"), "rect");
    expect(cells.map((cell) => Number(cell.getAttribute("fill-opacity")))).toEqual(
      [1, 4, 2, 16].map((count) => expect.closeTo(Math.sqrt(count / 16), 6)),
    );
  });

  test("is a grid of equal cells, the labels in the first row and the first column", () => {
    const svg = bigramHeatMap(symbols, counts, "plain").draw(document);
    const [x, y, width, height] = svg.getAttribute("viewBox")!.split(" ").map(Number);
    expect([x, y]).toEqual([0, 0]);
    expect(width).toBe(height);
    const side = width / (symbols.length + 1);
    const [first] = svg.querySelectorAll("rect"); // row 0, column 1
    const box = ["x", "y", "width", "height"].map((name) => Number(first.getAttribute(name)));
    expect(box).toEqual([2 * side, side, side, side].map((value) => expect.closeTo(value, 6)));
    const labels = [...svg.querySelectorAll("text")].map((label) => label.textContent);
    expect(labels).toEqual([...symbols, ...symbols]);
  });

  test("writes pairs and counts in annotated cells only", () => {
    expect(elements(bigramHeatMap(symbols, counts), "text")).toHaveLength(18 + 6);
    expect(elements(bigramHeatMap(symbols, counts, "plain"), "text")).toHaveLength(6);
  });

  test("of no counts at all has no cell", () => {
    expect(elements(bigramHeatMap(["."], [[0]], "plain"), "rect")).toHaveLength(0);
  });
});

describe("the scatter of embeddings", () => {
  const centres = (chart: Chart) =>
    elements(chart, "circle").map((dot) => ["cx", "cy"].map((name) => Number(dot.getAttribute(name))));

  test("without axes draws no point over another, and all inside", () => {
    const symbols = Array.from({ length: 200 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const places = symbols.map((_, i) => [(i * i) % 199, (i * i * i) % 197]);
    const chart = embeddingScatter(symbols, places, { title: "", caption: "" });
    const size = Number(chart.draw(document).getAttribute("width"));
    const points = centres(chart);
    expect(points).toHaveLength(200);
    for (const [i, [x, y]] of points.entries()) {
      for (const other of points.slice(0, i)) {
        expect(Math.hypot(x - other[0], y - other[1])).toBeGreaterThan(18);
      }
      expect(Math.min(x, y)).toBeGreaterThan(0);
      expect(Math.max(x, y)).toBeLessThan(size);
    }
    expect(elements(chart, "text")).toHaveLength(200);
  });

  test("with axes keeps distances, and fills the vowels", () => {
    const chart = embeddingScatter([".", "a", "b"], [[0, 0], [1, 1], [2, 2]], {
      title: "",
      caption: "",
      axes: ["dimension 0", "dimension 1"],
    });
    const [[x0, y0], [x1, y1], [x2, y2]] = centres(chart);
    expect(x1 - x0).toBeCloseTo(x2 - x1, 6);
    expect(y1 - y0).toBeCloseTo(y2 - y1, 6);
    const fills = elements(chart, "circle").map((dot) => dot.getAttribute("fill"));
    expect(fills).toEqual(["var(--paper)", "var(--accent)", "var(--paper)"]);
  });
});

test("histograms of activations keep their bars inside the axis, one for values that saturate", () => {
  const activations = {
    preActivations: Float32Array.of(-40, -2, 0, 2, 20),
    mean: -4,
    std: 20,
    saturated: 0.4,
  };
  const [before, after] = activationHistograms("plain", activations).map((chart) =>
    elements(chart, "rect").map((bar) => {
      const [x, width, height] = ["x", "width", "height"].map((name) => Number(bar.getAttribute(name)));
      return { x, end: x + width, height };
    })
  );
  expect(before).toHaveLength(3); // -40 and 20 are beyond the axis
  expect(after).toHaveLength(3); // tanh(±2) is 0.964: the bars at both ends have two values each
  for (const { x, end } of [...before, ...after]) {
    expect(x).toBeGreaterThan(0);
    expect(end).toBeLessThan(620);
  }
  expect(after[0].height).toBeCloseTo(2 * after[1].height, 6);
  expect(after[2].height).toBeCloseTo(2 * after[1].height, 6);
});

test.each([
  ["a", true],
  ["é", true],
  ["e\u0301", true],
  ["Ÿ", true],
  ["œ", true],
  ["z", false],
  ["ç", false],
  ["ñ", false],
  [
    ".",
    false,
  ],
  ["あ", false],
])("%s is a Latin vowel: %s", (symbol, vowel) => expect(isVowel(symbol)).toBe(vowel));
