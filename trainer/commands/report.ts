import { Command } from "commander";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import { nounOf } from "../../shared/noun.ts";
import { sample } from "../../shared/sampling.ts";
import { visibleCharacter } from "../../shared/visible_character.ts";
import { BOUNDARY_SYMBOL } from "../../shared/vocabulary.ts";
import { bigramHeatMap } from "../charts/bigram_heat_map.ts";
import type { Chart } from "../charts/chart.ts";
import { embeddingScatter } from "../charts/embedding_scatter.ts";
import { lossCurve } from "../charts/loss_curve.ts";
import type { Network } from "../architecture.ts";
import { writeAtomically } from "../atomic_write.ts";
import { type Corpus, makeCorpus } from "../corpus.ts";
import { scoreWords } from "../evaluation.ts";
import { loadModel } from "../load_model.ts";
import { mapValues, toTensor, type Weights } from "../parameters.ts";
import { tensorFlowModel } from "../tensorflow_model.ts";
import { makePictures } from "../pictures.ts";
import { principalComponents } from "../principal_components.ts";
import { escapeHtml, reportHtml, type Section, table } from "../report/report_html.ts";
import { denoTask } from "./deno_task.ts";
import { modelsOption } from "./arguments.ts";
import { listOption, modelList } from "./model_list.ts";
import { checkOutputDirectory } from "./output_directory.ts";
import { duration, evaluationProgress } from "./progress.ts";

/** Samples in the report, and names at either end of the ranking. */
const SHOWN = 40;

/** A name with its perplexity. */
interface Named {
  name: string;
  perplexity: number;
}

/** `deno task report`. */
export const reportCommand: Command = new Command("report")
  .description("Write a report on a model, with charts, to DIR/NAME.html: one file that needs no network.")
  .argument("<name>", "name of the model: NAME for models/NAME.json")
  .addOption(modelsOption())
  .addOption(listOption())
  .option("--out <directory>", "directory of the report", "build/reports")
  .addHelpText(
    "after",
    `
Examples:
  deno task report mlp
  deno task report towns --out .`,
  )
  .action(async (name: string, flags: { models: string; data?: string; out: string }) => {
    await checkOutputDirectory(flags.out);
    const model = await loadModel(flags.models, name);
    const { card, vocabulary, network, parameters } = model;
    const corpus = makeCorpus(await modelList(model, flags.models, flags.data, denoTask.lists));
    const noun = nounOf(card);
    const weights = mapValues(parameters, toTensor);

    const symbols = [BOUNDARY_SYMBOL, ...Array.from(vocabulary.characters, visibleCharacter)];
    const charts: Chart[] = [];
    if (card.training.loss_history.length > 1) charts.push(lossCurve(card.training.loss_history));
    if (parameters.C) {
      charts.push(embeddingScatter(symbols, principalComponents(parameters.C), {
        title: `Embeddings: ${name}`,
        caption:
          "The two directions in which the embeddings differ most, far distances drawn shorter. Vowels are " +
          "filled; the dot is the beginning and the end.",
      }));
    }
    const { bigrams, tokens } = makePictures(corpus.words.train, parameters, vocabulary.size);
    charts.push(bigramHeatMap(tokens?.map((token) => symbols[token]) ?? symbols, bigrams));
    const { likeliest, unlikeliest } = rankDev(network, weights, corpus);
    const listed = new Set(corpus.list.lines);
    const samples = await sample(new DistributionCache(tensorFlowModel(network, weights)), vocabulary, {
      n: SHOWN,
      seed: 42,
    });
    const fresh = samples.filter((sampled) => !listed.has(sampled.name)).length;
    const sections: Section[] = [
      { title: "Card", html: cardTable(card), charts: [] },
      {
        title: "Samples",
        html: `<p>Seed 42: ${fresh} of ${SHOWN} are not in the list.</p>${list(samples)}`,
        charts: [],
      },
      { title: "Charts", html: "", charts },
      { title: `The likeliest ${noun} of the dev split`, html: list(likeliest), charts: [] },
      { title: `The least likely ${noun} of the dev split`, html: list(unlikeliest), charts: [] },
    ];
    const summary =
      `${card.architecture}, ${grouped(card.parameters)} parameters, trained on ${card.dataset.name}. ` +
      "The number after each is its perplexity: among how many equally likely characters the model chose, on average.";
    await mkdir(flags.out, { recursive: true });
    const path = join(flags.out, `${name}.html`);
    await writeAtomically(path, reportHtml({ title: `Model ${name}`, summary, sections, model: name }));
    console.log(path);
  });

/** The most and the least likely names of the dev split, by NLL. */
function rankDev(
  network: Network,
  weights: Weights,
  { words, vocabulary }: Corpus,
): { likeliest: Named[]; unlikeliest: Named[] } {
  const progress = evaluationProgress();
  let nlls: number[];
  try {
    nlls = scoreWords(network, weights, words.dev, progress.onProgress);
  } finally {
    progress.stop();
  }
  const named = nlls.map((nll, i): Named => ({
    name: vocabulary.decode(words.dev[i]),
    perplexity: Math.exp(nll),
  }));
  named.sort((a, b) => a.perplexity - b.perplexity);
  return { likeliest: named.slice(0, SHOWN), unlikeliest: named.slice(-SHOWN).reverse() };
}

function cardTable({ hyperparameters, training, dataset, nll, ...card }: ModelCard): string {
  const figure = (value: number | null) => (value === null ? "infinite" : value.toFixed(4));
  const rows: [string, string][] = [
    ["architecture", card.architecture],
    ...Object.entries(hyperparameters).map(([key, value]): [string, string] => [key, String(value)]),
    ["parameters", grouped(card.parameters)],
    ["vocabulary", `${Array.from(card.vocabulary).length} characters`],
    ["list", `${dataset.name}, ${grouped(dataset.lines)} lines`],
    ["NLL train, dev, test", `${figure(nll.train)}, ${figure(nll.dev)}, ${figure(nll.test)}`],
    ["perplexity dev", nll.dev === null ? "infinite" : Math.exp(nll.dev).toFixed(3)],
    ...(training.steps > 0
      ? [
        [
          "steps",
          `${grouped(training.steps)} of ${training.batch_size} examples` +
          (training.best_step === undefined ? "" : `, the best after ${grouped(training.best_step)}`),
        ],
        ["optimizer", `${training.optimizer}, learning rate ${training.learning_rate}, ${training.schedule}`],
        ["weight decay", String(training.weight_decay ?? 0)],
        ["seed", String(training.seed)],
      ] as [string, string][]
      : []),
    ["trained in", duration(training.seconds)],
    ["SHA-256", card.sha256],
  ];
  return table([], rows);
}

/** A number with commas between its thousands. */
function grouped(value: number): string {
  return value.toLocaleString("en");
}

function list(names: readonly Named[]): string {
  const items = names.map(({ name, perplexity }) =>
    `<li>${escapeHtml(name)} <span>${perplexity.toFixed(1)}</span></li>`
  );
  return `<ul class="names">${items.join("")}</ul>`;
}
