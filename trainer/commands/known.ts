import { Command } from "commander";
import { encodeKnownNames } from "../known_names.ts";
import { loadModel, saveKnownNames } from "../model_files.ts";
import { listOption, modelsOption } from "./arguments.ts";
import { modelList } from "./model_list.ts";

/** `deno task known`. */
export const knownCommand: Command = new Command("known")
  .description(
    "Write NAME.known, by which names of a model's list are told from new ones, and name it on the model's card. " +
      "`train` does so itself; this is for a model that was trained before, or came without.",
  )
  .argument("<names...>", "the models, as in models/NAME.onnx")
  .addOption(modelsOption())
  .addOption(listOption())
  .addHelpText(
    "after",
    `
Examples:
  deno task known tuned
  deno task known pets --data pets.txt`,
  )
  .action(async (names: string[], flags: { models: string; data?: string }) => {
    for (const name of names) {
      const { card, vocabulary } = await loadModel(flags.models, name);
      const known = encodeKnownNames((await modelList(card, flags.data)).lines, vocabulary);
      if (known === null) throw new Error(`The list of model ${name} is too long for a file of known names`);
      await saveKnownNames(flags.models, card, known);
      console.log(
        `${flags.models}/${name}.known: ${known.names} different names in ${known.bytes.length} bytes`,
      );
    }
  });
