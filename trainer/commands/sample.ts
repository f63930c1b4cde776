import { Command, InvalidArgumentError, Option } from "commander";
import { unknownCharacter } from "../../shared/bulk_scoring.ts";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { NameSearch } from "../../shared/name_search.ts";
import { nounOf } from "../../shared/noun.ts";
import type { SampledName } from "../../shared/sampler.ts";
import { UnknownCharacterError, type Vocabulary } from "../../shared/vocabulary.ts";
import { composeLine } from "../corpus.ts";
import { loadModel } from "../load_model.ts";
import { decimal, modelsOption, wholeNumber } from "./arguments.ts";
import type { CommandLine } from "./command_line.ts";
import { findModelList, listOption, modelList } from "./model_list.ts";
import { progressOf } from "./progress.ts";

/** Names that are drawn at a time. */
const BATCH = 1024;

/** The flags of the command. */
interface SampleFlags {
  n: number;
  seed?: number;
  temperature: number;
  topK?: number;
  topP?: number;
  prefix: string;
  minLength?: number;
  maxLength?: number;
  unique?: boolean;
  novel?: boolean;
  compat?: "torch";
  models: string;
  data?: string;
}

/** Parses a prefix for commander: at most as long as a line of a list. */
function prefix(text: string): string {
  try {
    return composeLine(text);
  } catch (error) {
    throw new InvalidArgumentError(`It ${(error as Error).message}.`);
  }
}

/** @throws {RangeError} If the lengths leave nothing to sample. */
function checkLengths({ prefix, minLength = 0, maxLength, compat }: SampleFlags): void {
  const longest = maxLength ?? (compat === "torch" ? MAX_NAME_LENGTH : 64);
  if (minLength > longest) {
    throw new RangeError(`Cannot sample with --min-length ${minLength}: it is above --max-length ${longest}`);
  }
  const length = Array.from(prefix).length;
  if (length > longest) {
    throw new RangeError(
      `Cannot sample with --prefix ${
        JSON.stringify(prefix)
      }: it has ${length} characters, and --max-length is ${longest}`,
    );
  }
}

/** @throws {RangeError} If the model does not know a character of the prefix. */
function checkCharacters(prefix: string, model: string, vocabulary: Vocabulary): void {
  try {
    vocabulary.encode(prefix);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    const reason = unknownCharacter(error, model, vocabulary);
    throw new RangeError(`Cannot sample with --prefix ${JSON.stringify(prefix)}: it ${reason}`);
  }
}

/** The command `sample`. */
export function sampleCommand({ call, lists, openLanguageModel }: CommandLine): Command {
  return new Command("sample")
    .description(
      "Print things that a model makes, such as names or towns: those that are in its list, and new ones.",
    )
    .argument("<name>", "name of the model: NAME for models/NAME.json")
    .option("--n <number>", "how many to make", wholeNumber(1, 1_000_000), 20)
    .option(
      "--seed <number>",
      "the same seed makes the same things (default: a random seed)",
      wholeNumber(0, 2 ** 53 - 1),
    )
    .option(
      "--temperature <degree>",
      "below 1 makes likelier things, above 1 more unusual ones",
      decimal(0.05, 5),
      1,
    )
    .option("--top-k <number>", "sample from the k likeliest characters only", wholeNumber(1, 1001))
    .option(
      "--top-p <share>",
      "sample from the likeliest characters whose probabilities add up to this",
      decimal(1e-9, 1),
    )
    .option("--prefix <text>", "how each thing begins", prefix, "")
    .option("--min-length <number>", "fewest characters (default: 1)", wholeNumber(0, 256))
    .option("--max-length <number>", "most characters (default: 64)", wholeNumber(1, 256))
    .option("--unique", "each thing only once")
    .option("--novel", "only things that are not in the list")
    .addOption(
      new Option("--compat <library>", "draw as torch.multinomial does, to replay a notebook").choices([
        "torch",
      ]),
    )
    .addOption(modelsOption())
    .addOption(listOption())
    .addHelpText(
      "after",
      `
Examples:
  ${call("sample")} mlp --n 20 --seed 42
  ${call("sample")} mlp --prefix mar --temperature 0.7
  ${call("sample")} towns --unique --novel`,
    )
    .action(async (name: string, flags: SampleFlags) => {
      checkLengths(flags);
      const model = await loadModel(flags.models, name);
      const { card, vocabulary } = model;
      const list = flags.novel
        ? await modelList(model, flags.models, flags.data, lists)
        : await findModelList(model, flags.data, lists);
      const listed = new Set(list?.lines);
      const cache = new DistributionCache(await openLanguageModel(model));
      checkCharacters(flags.prefix, name, vocabulary);
      const { compat, seed = crypto.getRandomValues(new Uint32Array(1))[0], novel, ...options } = flags;
      const search = new NameSearch(cache, vocabulary, {
        ...options,
        seed,
        draws: compat ?? "streams",
        trainingNames: novel ? listed : undefined,
      });
      const names = await find(search, flags.n, nounOf(card));

      const fromList = names.filter((sampled) => listed.has(sampled.name));
      const novelNames = names.filter((sampled) => !listed.has(sampled.name));
      console.log(`${names.length} ${nounOf(card)} from ${name}, seed ${seed}`);
      if (list === null) {
        printNames("in the list or new", names);
        console.error(
          `The list of ${name}, ${card.dataset.name}, was not found; with --data, known ones are told from new ones.`,
        );
      } else {
        printNames("in the list", fromList);
        printNames("new", novelNames);
      }
      const shortfall = search.shortfall(nounOf(card));
      if (shortfall) console.error(shortfall);
    });
}

/** Searches to the end, and shows the progress. */
async function find(search: NameSearch, n: number, noun: string): Promise<SampledName[]> {
  const progress = progressOf(`{value}/{total} ${noun}`);
  const names: SampledName[] = [];
  try {
    while (!search.done) {
      names.push(...await search.next(BATCH));
      progress.onProgress(names.length, n);
    }
  } finally {
    progress.stop();
  }
  return names;
}

/** Prints names with their perplexities, the likeliest first. */
function printNames(title: string, names: SampledName[]): void {
  console.log(`\n${title} (${names.length})`);
  for (const { name, perplexity } of names.toSorted((a, b) => a.perplexity - b.perplexity)) {
    console.log(`  ${name}  ${perplexity.toFixed(2)}`);
  }
}
