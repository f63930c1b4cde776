import { Registry } from "../functions/inference/registry.ts";
import { Model, openModel, servedModelOf } from "./model.ts";
import { type ModelSource, nameOfSource } from "./model_source.ts";

/** Models to serve: opened ones, or their files. Each has its own name. */
export type Models = Iterable<Model | ModelSource>;

/**
 * Makes a registry of models, and opens those that are not open yet, one after the other. A broken one is not an error: the
 * registry tells of it.
 *
 * @throws {RangeError} If two models have one name, or none has that of the default model.
 * @throws {TypeError} If a card is not one.
 */
export function openRegistry(models: Models, defaultModel?: string): Registry {
  const byName = new Map<string, Model | ModelSource>();
  for (const model of models) {
    const name = model instanceof Model ? model.name : nameOfSource(model);
    if (byName.has(name)) throw new RangeError(`Cannot serve two models of the name ${name}`);
    byName.set(name, model);
  }
  const registry = new Registry(byName.keys(), defaultModel);
  const closed: [name: string, source: ModelSource][] = [];
  for (const name of registry.names) {
    const model = byName.get(name)!;
    if (model instanceof Model) registry.addOpened(name, servedModelOf(model));
    else closed.push([name, model]);
  }
  const openAll = async () => {
    for (const [name, source] of closed) {
      await registry.add(name, async () => servedModelOf(await openModel(source)));
    }
  };
  void openAll();
  return registry;
}
