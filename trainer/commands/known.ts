import { Command } from "commander";
import { join } from "node:path";
import { modelFileNames } from "../../shared/model_files.ts";
import { encodeKnownNames } from "../known_names.ts";
import { loadModel } from "../load_model.ts";
import { saveKnownNames } from "../save_model.ts";
import { listOption, modelsOption } from "./arguments.ts";
import { modelList } from "./model_list.ts";

/** `deno task known`. */
export const knownCommand: Command = new Command("known")
  .description(
    "Write the file that tells names of a model's list from new ones, and name it on the model's card. " +
      "`train` does so itself; this is for a model that was trained before, or came without.",
  )
  .argument("<names...>", "the models, as in models/NAME.json")
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
      const saved = await saveKnownNames(flags.models, card, known);
      const file = join(flags.models, modelFileNames(name, saved).known!.versioned);
      console.log(
        `${file}: ${known.names} different names in ${known.bytes.length} bytes`,
      );
    }
  });
