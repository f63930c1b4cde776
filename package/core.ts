/*
 * The entry `edgemore`: open a model, and ask it.
 */
export {
  type Bytes,
  type CharacterScore,
  Model,
  type ModelCard,
  type ModelSource,
  type NextCharacter,
  openModel,
  type OpenOptions,
  type SampledName,
  type SampleOptions,
  type ScoredName,
  type WasmSource,
} from "./model.ts";
export { readModel, readModels } from "./runtimes/node.ts";
