import type { ModelCard } from "../../shared/model_card.ts";
import type { ModelOptions } from "../../trainer/train_options.ts";

/*
 * What the page and the worker that trains say to each other.
 */

/** A list's bytes. */
export interface ListFile {
  /** Its file name. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What a list is, once it is read. */
export interface ListSummary {
  lines: number;
  /** Different characters. */
  characters: number;
  /** Lines to train on, and their characters with the end of each line. */
  trainLines: number;
  trainCharacters: number;
  /** Its first lines. */
  first: string[];
}

/** A finished model's files. */
export interface TrainedFiles {
  card: ModelCard;
  onnx: Uint8Array<ArrayBuffer>;
  list: Uint8Array<ArrayBuffer>;
}

/** A choice among the hyperparameters of an architecture. */
export interface HyperparameterField {
  key: string;
  description: string;
  type: "integer" | "number" | "boolean" | "choice";
  /** Undefined for a switch that is off. */
  default?: number | string | boolean;
  minimum?: number;
  maximum?: number;
  choices?: string[];
}

/** An architecture that can be trained here. */
export interface ArchitectureFields {
  name: string;
  summary: string;
  fields: HyperparameterField[];
}

/** To the worker. The answer to `read` has the same id. */
export type Request =
  | { type: "read"; id: number; list: ListFile }
  | { type: "train"; options: ModelOptions }
  | { type: "stop" };

/** Where a run is. */
export interface RunState {
  step: number;
  history: ModelCard["training"]["loss_history"];
  /** Since the run began. */
  seconds: number;
}

/** From the worker. */
export type Response =
  | { type: "ready"; architectures: ArchitectureFields[] }
  | { type: "read"; id: number; summary: ListSummary }
  | { type: "refused"; id: number; message: string }
  | { type: "progress"; run: RunState }
  | { type: "made"; things: string[]; step: number }
  | { type: "evaluating"; share: number }
  | { type: "trained"; files: TrainedFiles; stopped: boolean; failedAgainst: number | null }
  | { type: "failed"; message: string };
