import { Option } from "commander";
import { basename, join } from "node:path";
import { modelFileNames } from "../../shared/model_files.ts";
import { type List, parseList } from "../corpus.ts";
import { readList } from "../list_file.ts";
import type { StoredModel } from "../load_model.ts";
import type { CommandLine } from "./command_line.ts";

/**
 * Reads the list that a model was trained on.
 *
 * @param models The directory of the model.
 * @param source The list's path or URL. Default: the list is looked for; see {@link findModelList}.
 * @param lists The directory of the lists that come along, if there are any.
 * @throws {Error} If it cannot be read or found, or is not the list on the model's card.
 */
export async function modelList(
  model: StoredModel,
  models: string,
  source?: string,
  lists?: string,
): Promise<List> {
  const list = await findModelList(model, source, lists);
  if (list !== null) return list;
  const { name, dataset } = model.card;
  const stored = join(models, modelFileNames(name, model.card).list.versioned);
  const found = model.list === null ? "is missing" : "is another list";
  throw new Error(
    `Model ${name} was trained on ${describe(dataset)}, and ${stored} ${found}: ` +
      `give the list with --data PATH/${basename(dataset.name)}`,
  );
}

/**
 * Finds the list that a model was trained on: the copy beside the model, or a list that comes along. Its SHA-256 must be that
 * on the model's card.
 *
 * @param source The list's path or URL, which is then the only place.
 * @param lists The directory of the lists that come along, if there are any.
 * @returns Null if it is not found.
 * @throws {Error} If the list at `source` cannot be read or is another one.
 */
export async function findModelList(
  { card: { name, dataset }, list }: StoredModel,
  source?: string,
  lists?: string,
): Promise<List | null> {
  if (source !== undefined) {
    const given = await readList(source);
    if (given.sha256 === dataset.sha256) return given;
    throw new Error(`Model ${name} was not trained on ${source} but on ${describe(dataset)}`);
  }
  const copy = list && await parseList(list, dataset.name).catch(() => null);
  if (copy?.sha256 === dataset.sha256) return copy;
  if (lists === undefined) return null;
  const included = await readList(join(lists, basename(dataset.name))).catch(() => null);
  return included?.sha256 === dataset.sha256 ? included : null;
}

function describe({ name, lines, sha256 }: StoredModel["card"]["dataset"]): string {
  return `${name} (${lines} lines, SHA-256 ${sha256.slice(0, 12)}…)`;
}

/** `--data LIST`, for commands that train. */
export function trainingListOption({ defaultList }: Pick<CommandLine, "defaultList">): Option {
  const option = new Option("--data <list>", "the list: a path or an http(s) URL");
  return defaultList ? option.default(defaultList.path, defaultList.description) : option;
}

/** `--data LIST`, for commands that read a model's list. */
export function listOption(): Option {
  return new Option(
    "--data <list>",
    "the list that the model was trained on: a path or an http(s) URL (default: the copy beside the model)",
  );
}
