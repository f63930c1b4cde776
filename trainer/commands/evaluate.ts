import { Command } from "commander";
import { likelihood } from "../../shared/scoring.ts";
import { makeCorpus, makeExamples, SPLITS } from "../corpus.ts";
import { evaluate, tensorFlowModel } from "../evaluate.ts";
import { loadModel } from "../load_model.ts";
import { mapValues, toTensor } from "../parameters.ts";
import { listOption, modelsOption } from "./arguments.ts";
import { modelList } from "./model_list.ts";

/** `deno task evaluate`. */
export const evaluateCommand: Command = new Command("evaluate")
  .description(
    "Print a model's NLL (nats a character) and perplexity on its list's train, dev and test splits.",
  )
  .argument("<name>", "the model, as in models/NAME.json")
  .addOption(modelsOption())
  .addOption(listOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task evaluate mlp
  deno task evaluate pets --data pets.txt`,
  )
  .action(async (name: string, flags: { models: string; data?: string }) => {
    const { card, vocabulary, network, parameters } = await loadModel(flags.models, name);
    const corpus = makeCorpus(await modelList(card, flags.data));
    const examples = makeExamples(corpus, network.contextLength);
    const model = tensorFlowModel(network, mapValues(parameters, toTensor), vocabulary.size);
    for (const split of SPLITS) {
      const { count } = examples[split];
      const nll = await evaluate(model, examples[split]);
      const { perplexity } = likelihood(-nll * count, count);
      const size = `${corpus.words[split].length} names, ${count} characters`;
      console.log(
        `${split.padEnd(5)}  NLL ${nll.toFixed(4)}  perplexity ${perplexity.toFixed(3)}  (${size})`,
      );
    }
  });
