import { Command } from "commander";
import { nounOf } from "../../shared/noun.ts";
import { backends, evaluationBackend } from "../backends/all.ts";
import { makeCorpus } from "../corpus.ts";
import { evaluateSplits } from "../evaluation.ts";
import { makeExamples } from "../examples.ts";
import { loadModel } from "../load_model.ts";
import { modelsOption } from "./arguments.ts";
import type { CommandLine } from "./command_line.ts";
import { listOption, modelList } from "./model_list.ts";
import { evaluationProgress } from "./progress.ts";
import { type Split, SPLITS } from "../splits.ts";

/** The command `evaluate`. */
export function evaluateCommand(commandLine: CommandLine): Command {
  const { call, lists } = commandLine;
  return new Command("evaluate")
    .description(
      "Print the NLL (nats a character) and perplexity of a model on the train, dev and test splits of its list.",
    )
    .argument("<name>", "name of the model: NAME for models/NAME.json")
    .addOption(modelsOption())
    .addOption(listOption())
    .addHelpText(
      "after",
      `
Examples:
  ${call("evaluate")} mlp
  ${call("evaluate")} towns`,
    )
    .action(async (name: string, flags: { models: string; data?: string }) => {
      const model = await loadModel(flags.models, name);
      const { card, network, parameters } = model;
      const corpus = makeCorpus(await modelList(model, flags.models, flags.data, lists));
      const noun = nounOf(card);
      const examples = makeExamples(corpus, network.contextLength);
      const backend = evaluationBackend(network, parameters);
      if (backend === backends.tensorflow) await commandLine.startTensorFlow();
      const evaluator = await backend.evaluator(network, parameters);
      const progress = evaluationProgress();
      let nll: Record<Split, number>;
      try {
        ({ nll } = await evaluateSplits(evaluator, examples, corpus.words, progress.onProgress));
      } finally {
        progress.stop();
        evaluator.dispose();
      }
      for (const split of SPLITS) {
        const words = corpus.words[split];
        const characters = words.reduce((sum, word) => sum + word.length + 1, 0); // with each closing boundary
        const perplexity = Math.exp(nll[split]).toFixed(3);
        const size = `${words.length} ${noun}, ${characters} characters`;
        console.log(`${split.padEnd(5)}  NLL ${nll[split].toFixed(4)}  perplexity ${perplexity}  (${size})`);
      }
    });
}
