import { Command } from "commander";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LanguageModel } from "../../shared/language_model.ts";
import { MAX_PICTURED_TOKENS, type ModelCard } from "../../shared/model_card.ts";
import { sample } from "../../shared/sampling.ts";
import { scoreWords } from "../../shared/scoring.ts";
import { type Corpus, makeCorpus } from "../corpus.ts";
import { slideContexts } from "../../shared/context.ts";
import { tensorFlowModel } from "../evaluate.ts";
import { loadModel } from "../load_model.ts";
import { mapValues, toTensor } from "../parameters.ts";
import { escapeHtml, page, type Section, table } from "../report/page.ts";
import { bigramHeatMap, type Drawing, embeddingScatter, historyPlot } from "../report/plots.ts";
import { writeAtomically } from "../atomic_write.ts";
import { listOption, modelsOption } from "./arguments.ts";
import { modelList } from "./model_list.ts";
import { duration } from "./progress.ts";

/** How many samples, and how many of the most and least likely names, are shown. */
const SHOWN = 40;

/** A name and how likely it is. */
interface Named {
  name: string;
  perplexity: number;
}

/** `deno task report`. */
export const reportCommand: Command = new Command("report")
  .description("Write a report on a model, with plots, to DIR/NAME.html: one file that needs no network.")
  .argument("<name>", "the model, as in models/NAME.json")
  .addOption(modelsOption())
  .addOption(listOption())
  .option("--out <directory>", "where the report goes", "build/reports")
  .addHelpText(
    "after",
    `
Examples:
  deno task report mlp
  deno task report pets --data pets.txt --out .`,
  )
  .action(async (name: string, flags: { models: string; data?: string; out: string }) => {
    const { card, vocabulary, network, parameters } = await loadModel(flags.models, name);
    const corpus = makeCorpus(await modelList(card, flags.data));
    const model = tensorFlowModel(network, mapValues(parameters, toTensor), vocabulary.size);

    const plots: Drawing[] = [];
    if (card.training.loss_history.length > 1) plots.push(historyPlot(card.training.loss_history));
    if (parameters.C) plots.push(embeddingScatter(name, parameters.C, vocabulary));
    if (vocabulary.size <= MAX_PICTURED_TOKENS) {
      plots.push(bigramHeatMap(slideContexts(corpus.words.train, 1), vocabulary, "one symbol"));
    }
    const { likeliest, unlikeliest } = await rankDev(model, corpus);
    const listed = new Set(corpus.list.lines);
    const samples = await sample(model, vocabulary, { n: SHOWN, seed: 42 });
    const fresh = samples.filter((sampled) => !listed.has(sampled.name)).length;
    const sections: Section[] = [
      { title: "Card", html: cardTable(card), drawings: [] },
      {
        title: "Samples",
        html: `<p>Seed 42: ${fresh} of ${SHOWN} do not stand in the list.</p>${list(samples)}`,
        drawings: [],
      },
      { title: "Plots", html: "", drawings: plots },
      { title: "The likeliest names of the dev split", html: list(likeliest), drawings: [] },
      { title: "The least likely names of the dev split", html: list(unlikeliest), drawings: [] },
    ];
    const summary = `${card.architecture}, ${card.parameters} parameters, trained on ${card.dataset.name}. ` +
      "Beside a name stands its perplexity: among how many equally likely characters the model chose, on average.";
    await mkdir(flags.out, { recursive: true });
    const path = join(flags.out, `${name}.html`);
    await writeAtomically(path, page({ title: `Model ${name}`, summary, sections }));
    console.log(path);
  });

/** The names of the dev split at either end, by NLL. */
async function rankDev(
  model: LanguageModel,
  { words, vocabulary }: Corpus,
): Promise<{ likeliest: Named[]; unlikeliest: Named[] }> {
  const named: Named[] = [];
  for await (const { perplexity } of scoreWords(model, words.dev)) {
    named.push({ name: vocabulary.decode(words.dev[named.length]), perplexity });
  }
  named.sort((a, b) => a.perplexity - b.perplexity);
  return { likeliest: named.slice(0, SHOWN), unlikeliest: named.slice(-SHOWN).reverse() };
}

function cardTable({ hyperparameters, training, dataset, nll, ...card }: ModelCard): string {
  const figure = (value: number | null) => (value === null ? "infinite" : value.toFixed(4));
  const rows: [string, string][] = [
    ["architecture", card.architecture],
    ...Object.entries(hyperparameters).map(([key, value]): [string, string] => [key, String(value)]),
    ["parameters", String(card.parameters)],
    ["vocabulary", `${Array.from(card.vocabulary).length} characters`],
    ["list", `${dataset.name}, ${dataset.lines} lines`],
    ["NLL train, dev, test", `${figure(nll.train)}, ${figure(nll.dev)}, ${figure(nll.test)}`],
    ["perplexity dev", nll.dev === null ? "infinite" : Math.exp(nll.dev).toFixed(3)],
    ...(training.steps > 0
      ? [
        [
          "steps",
          `${training.steps} of ${training.batch_size} examples, the best after ${training.best_step}`,
        ],
        ["optimizer", `${training.optimizer}, learning rate ${training.learning_rate}, ${training.schedule}`],
        ["weight decay", String(training.weight_decay ?? 0)],
        ["seed", String(training.seed)],
      ] as [string, string][]
      : []),
    ["trained in", duration(training.seconds)],
    ["SHA-256", card.sha256],
  ];
  return table(["what", ""], rows);
}

function list(names: readonly Named[]): string {
  const items = names.map(({ name, perplexity }) =>
    `<li>${escapeHtml(name)} <span>${perplexity.toFixed(1)}</span></li>`
  );
  return `<ul class="names">${items.join("")}</ul>`;
}
