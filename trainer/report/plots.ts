/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Examples } from "../../shared/context.ts";
import { BOUNDARY, type Vocabulary } from "../../shared/vocabulary.ts";
import type { Activations } from "../activations.ts";
import type { LearningRateFinding } from "../find_lr.ts";
import type { HistoryPoint } from "../fit.ts";
import type { Parameter } from "../parameters.ts";

/** A plot, ready for a page. */
export interface Drawing {
  title: string;
  /** What to see in it. */
  caption: string;
  /** The drawing, as SVG or HTML around it. */
  figure: string;
}

/** Most points in a line: more are not seen, and make the page heavy. */
const MAX_POINTS = 2000;
/** How many losses a running mean takes together, as the notebooks' own plots do by eye. */
const RUNNING_MEAN = 1000;

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
  document: Document;
};

/** Draws with Observable Plot, which finds no document of its own here. */
function draw({ x, ...options }: Plot.PlotOptions): string {
  const figure = Plot.plot({
    marginBottom: 48, // room for the axis's label below its ticks
    ...options,
    x: { labelOffset: 42, ...x },
    document,
    style: { background: "none", fontSize: "12px", overflow: "visible" },
  });
  figure.setAttribute("role", "img");
  return figure.outerHTML;
}

/**
 * The counts of bigrams as a labelled heat map.
 *
 * @param symbols "two symbols" tells the boundary before a word, <S>, from the one after it, <E>.
 */
export function bigramHeatMap(
  { contexts, targets, count }: Examples,
  vocabulary: Vocabulary,
  symbols: "one symbol" | "two symbols",
): Drawing {
  const characters = Array.from(vocabulary.characters);
  const two = symbols === "two symbols";
  const axis = two ? [...characters, "<S>", "<E>"] : [vocabulary.symbol(BOUNDARY), ...characters];
  const before = (token: number) => (two && token === BOUNDARY ? "<S>" : vocabulary.symbol(token));
  const after = (token: number) => (two && token === BOUNDARY ? "<E>" : vocabulary.symbol(token));
  const counts = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const pair = `${before(contexts[i])}\n${after(targets[i])}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const cells = axis.flatMap((first) =>
    axis.map((second) => ({
      first,
      second,
      pair: first + second,
      count: counts.get(`${first}\n${second}`) ?? 0,
    }))
  );
  const most = Math.max(...cells.map((cell) => cell.count));
  const ink = (cell: { count: number }) => (cell.count > most * 0.22 ? "white" : "#333");
  const place = { x: "second", y: "first", textAnchor: "middle" } as const;
  return {
    title: `Bigram counts, ${axis.length} × ${axis.length}`,
    caption:
      "Each cell is a pair: the row's character, then the column's, and how often it stands in the list." +
      (two ? " Nothing follows <E> and nothing leads to <S>: a row and a column stay empty." : ""),
    figure: draw({
      width: 1180,
      height: 1000,
      padding: 0,
      marginTop: 50,
      marginLeft: 60,
      x: { domain: axis, axis: "top", label: "followed by", labelOffset: 44 },
      y: { domain: axis, label: "character", labelOffset: 54 },
      color: { scheme: "blues", type: "sqrt", domain: [0, most] },
      marks: [
        Plot.cell(cells, { x: "second", y: "first", fill: "count", inset: 0.5 }),
        Plot.text(cells, {
          ...place,
          text: "pair",
          dy: -6,
          fontSize: (cell) => (cell.pair.length > 2 ? 8 : 11),
          fill: ink,
        }),
        Plot.text(cells, { ...place, text: "count", dy: 7, fontSize: 9, fill: ink }),
      ],
    }),
  };
}

/** The one-hot rows of some tokens. */
export function oneHotRows(tokens: Int32Array, vocabulary: Vocabulary): Drawing {
  const cells = Array.from(tokens, (token, row) =>
    Array.from({ length: vocabulary.size }, (_, column) => ({
      row: row + 1,
      column: column === BOUNDARY ? "." : vocabulary.symbol(column),
      value: column === token ? 1 : 0,
    }))).flat();
  return {
    title: "One-hot rows",
    caption: "A character as a row of zeros with a one: what the network is fed.",
    figure: draw({
      width: 820,
      height: 80 + 28 * tokens.length,
      padding: 0.05,
      x: { label: "token", axis: "bottom" },
      y: { label: "example" },
      color: { type: "categorical", domain: [0, 1], range: ["#8884", "#3182bd"] },
      marks: [Plot.cell(cells, { x: "column", y: "row", fill: "value" })],
    }),
  };
}

/** Loss against learning rate, and against its exponent. */
export function learningRatePlots(
  { exponents, losses, smoothed, plateau, suggestion }: LearningRateFinding,
): Drawing[] {
  const points = exponents.map((exponent, i) => ({
    exponent,
    rate: 10 ** exponent,
    loss: losses[i],
    smoothed: smoothed[i],
  }));
  const top = Math.max(...losses.slice(0, 10), smoothed[smoothed.length - 1]) * 1.1;
  const drawAgainst = (x: "rate" | "exponent", label: string) =>
    draw({
      width: 820,
      height: 340,
      x: { label },
      y: { label: "loss, nats", domain: [0, top], clamp: true, grid: true },
      marks: [
        Plot.rectX([plateau], {
          x1: ([from]) => (x === "rate" ? from : Math.log10(from)),
          x2: ([, to]) => (x === "rate" ? to : Math.log10(to)),
          fill: "#3182bd",
          fillOpacity: 0.12,
        }),
        Plot.lineY(points, { x, y: "loss", stroke: "#888", strokeOpacity: 0.5, strokeWidth: 0.8 }),
        Plot.lineY(points, { x, y: "smoothed", stroke: "#e6550d", strokeWidth: 2 }),
        Plot.ruleX([x === "rate" ? suggestion : Math.log10(suggestion)], {
          stroke: "#3182bd",
          strokeWidth: 2,
        }),
      ],
    });
  const caption = "Grey, the loss of each mini-batch; orange, smoothed; shaded, the plateau; " +
    `blue, its middle: ${suggestion.toPrecision(2)}.`;
  return [
    { title: "Loss against learning rate", caption, figure: drawAgainst("rate", "learning rate") },
    {
      title: "Loss against the exponent of the learning rate",
      caption,
      figure: drawAgainst("exponent", "log10 of the learning rate"),
    },
  ];
}

/** Every step's training loss, raw, and as log10 with a running mean. */
export function lossPlots(title: string, losses: readonly number[]): Drawing[] {
  const every = Math.ceil(losses.length / MAX_POINTS);
  const raw = losses.flatMap((
    loss,
    step,
  ) => (step % every === 0 ? [{ step, loss, log10: Math.log10(loss) }] : []));
  const window = Math.min(RUNNING_MEAN, Math.ceil(losses.length / 20));
  const means: { step: number; log10: number }[] = [];
  for (let end = window; end <= losses.length; end += window) {
    const part = losses.slice(end - window, end);
    means.push({
      step: end - window / 2,
      log10: part.reduce((sum, loss) => sum + Math.log10(loss), 0) / window,
    });
  }
  const shape = { width: 820, height: 320, x: { label: "step" } };
  return [
    {
      title: `Training loss: ${title}`,
      caption: every > 1 ? `Each mini-batch's loss, one step in ${every}.` : "Each mini-batch's loss.",
      figure: draw({
        ...shape,
        y: { label: "loss, nats", grid: true },
        marks: [Plot.lineY(raw, { x: "step", y: "loss", stroke: "#3182bd", strokeWidth: 0.6 })],
      }),
    },
    {
      title: `Training loss, log10: ${title}`,
      caption: `Orange, the mean of ${window} steps: what the noise of single mini-batches hides.`,
      figure: draw({
        ...shape,
        y: { label: "log10 loss", grid: true },
        marks: [
          Plot.lineY(raw, {
            x: "step",
            y: "log10",
            stroke: "#3182bd",
            strokeOpacity: 0.35,
            strokeWidth: 0.6,
          }),
          Plot.lineY(means, { x: "step", y: "log10", stroke: "#e6550d", strokeWidth: 2 }),
        ],
      }),
    },
  ];
}

/** A card's loss history: training loss, and dev NLL where it was taken. */
export function historyPlot(history: readonly HistoryPoint[]): Drawing {
  const dev = history.filter((point) => point.dev_nll !== undefined);
  return {
    title: "Loss curve",
    caption: "Blue, the mean training loss since the point before; orange, the NLL of the dev split.",
    figure: draw({
      width: 820,
      height: 340,
      x: { label: "step" },
      y: { label: "nats a character", grid: true },
      marks: [
        Plot.lineY(history, { x: "step", y: "loss", stroke: "#3182bd" }),
        Plot.lineY(dev, { x: "step", y: "dev_nll", stroke: "#e6550d" }),
        Plot.dot(dev, { x: "step", y: "dev_nll", fill: "#e6550d", r: 3 }),
      ],
    }),
  };
}

/** The first two dimensions of a table of embeddings, each point with its character. */
export function embeddingScatter(
  title: string,
  { shape, values }: Parameter,
  vocabulary: Vocabulary,
): Drawing {
  const [tokens, dimensions] = shape;
  const vowels = "aeiouy";
  const points = Array.from({ length: tokens }, (_, token) => {
    const symbol = vocabulary.symbol(token);
    const kind = token === BOUNDARY ? "boundary" : vowels.includes(symbol.toLowerCase()) ? "vowel" : "other";
    return {
      symbol,
      kind,
      x: values[token * dimensions],
      y: dimensions > 1 ? values[token * dimensions + 1] : 0,
    };
  });
  return {
    title: `Embeddings: ${title}`,
    caption: dimensions > 2
      ? `Dimensions 0 and 1 of ${dimensions}; vowels blue, the boundary orange.`
      : "Both dimensions: what is near is used alike. Vowels blue, the boundary orange.",
    figure: draw({
      width: 620,
      height: 560,
      grid: true,
      x: { label: "dimension 0" },
      y: { label: "dimension 1" },
      color: { domain: ["boundary", "vowel", "other"], range: ["#e6550d", "#3182bd", "#756bb1"] },
      marks: [
        Plot.dot(points, { x: "x", y: "y", r: 11, fill: "kind" }),
        Plot.text(points, { x: "x", y: "y", text: "symbol", fill: "white", fontWeight: 600 }),
      ],
    }),
  };
}

/** What goes into tanh and what comes out, as histograms. */
export function activationHistogram(
  title: string,
  { preActivations, mean, std, saturated }: Activations,
): Drawing {
  const out = preActivations.map(Math.tanh);
  const histogram = (values: Float32Array, label: string, domain: [number, number]) =>
    draw({
      width: 400,
      height: 260,
      x: { label, domain },
      y: { label: "share", percent: true, grid: true },
      marks: [
        Plot.rectY(
          values,
          Plot.binX<Plot.RectYOptions>({ y: "proportion" }, {
            x: { value: Plot.identity, thresholds: 50 },
            fill: "#3182bd",
          }),
        ),
        Plot.ruleY([0]),
      ],
    });
  return {
    title: `Activations at initialisation: ${title}`,
    caption: `Into tanh: mean ${mean.toFixed(2)}, standard deviation ${std.toFixed(2)}. Out of it: ` +
      `${(100 * saturated).toFixed(1)}% beyond ±0.97, where next to no gradient comes through.`,
    figure: `<div class="pair">${histogram(preActivations, "pre-activation", [-15, 15])}` +
      `${histogram(out, "tanh", [-1, 1])}</div>`,
  };
}
