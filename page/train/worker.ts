/// <reference lib="webworker" />
import { finishCard } from "../../shared/model_card.ts";
import { findArchitecture } from "../../trainer/architectures/all.ts";
import { hasRelaxedSimd, hasSimd } from "../../trainer/backends/fused/simd.ts";
import { type Corpus, makeCorpus, parseList } from "../../trainer/corpus.ts";
import { evaluationSamples } from "../../trainer/evaluation.ts";
import { makeExamples } from "../../trainer/examples.ts";
import { preview } from "../../trainer/preview.ts";
import { trainModel } from "../../trainer/train_model.ts";
import type { ModelOptions } from "../../trainer/train_options.ts";
import { trainableArchitectures } from "./architecture_fields.ts";
import { fusedKernel } from "./kernel.ts";
import type { ListFile, Request, Response } from "./messages.ts";

/*
 * The trainer in a Web Worker: the code of `deno task train`, between messages in place of files.
 */

/** Lines of a list that are shown. */
const SHOWN_LINES = 5;
/** What the preview makes. */
const PREVIEW = { n: 10, maxLength: 40, seed: 1 };
/**
 * Time between two previews, in milliseconds; and how many times as long as a preview took, so that they cost at most 3%. The one
 * after the last step comes in any case: a short run would otherwise end with what it made at its beginning.
 */
const PREVIEW_INTERVAL = 1000;
const PREVIEW_COST = 30;
/** Time between two reports, in milliseconds. */
const REPORT_INTERVAL = 250;

let corpus: Corpus | undefined;
/** One run a worker: the page ends it with the run. */
const stop = new AbortController();

function tell(message: Response, transfer: Transferable[] = []): void {
  (self as unknown as DedicatedWorkerGlobalScope).postMessage(message, transfer);
}

async function read({ name, bytes }: ListFile, id: number): Promise<void> {
  try {
    corpus = undefined;
    fusedKernel(hasRelaxedSimd()).catch(() => {}); // training will need it, perhaps without a connection
    corpus = makeCorpus(await parseList(bytes, name));
    const { list: { lines }, vocabulary, words: { train } } = corpus;
    const summary = {
      lines: lines.length,
      characters: vocabulary.size - 1,
      trainLines: train.length,
      trainCharacters: train.reduce((sum, word) => sum + word.length + 1, 0),
      first: lines.slice(0, SHOWN_LINES),
    };
    tell({ type: "read", id, summary });
  } catch (error) {
    tell({ type: "refused", id, message: (error as Error).message });
  }
}

async function train(options: ModelOptions): Promise<void> {
  try {
    if (!corpus) throw new Error("Cannot train: there is no list");
    if (!hasSimd()) throw new Error("Cannot train: this browser's WebAssembly has no SIMD");
    const trained = await trainModel(corpus, readOptions(options), undefined, {
      ...reports(corpus, options),
      signal: stop.signal,
    });
    const { onnx, list, stopped, failedAgainst } = trained;
    const card = await finishCard(trained.card, onnx);
    tell({ type: "trained", files: { card, onnx, list }, stopped, failedAgainst }, [onnx.buffer]);
  } catch (error) {
    tell({ type: "failed", message: (error as Error).message });
  }
}

/** Checks the hyperparameters as the command line does, and adds the defaults of those that are left out. */
function readOptions(options: ModelOptions): ModelOptions {
  const result = findArchitecture(options.architecture).hyperparameters.safeParse(options.hyperparameters);
  if (result.success) return { ...options, hyperparameters: result.data as ModelOptions["hyperparameters"] };
  const [{ path, message }] = result.error.issues;
  const value = options.hyperparameters[String(path[0])];
  throw new RangeError(`Cannot set ${String(path[0])} to ${JSON.stringify(value)}: ${message}`);
}

/** The callbacks that tell the page how a run goes on. */
function reports(corpus: Corpus, options: ModelOptions): Parameters<typeof trainModel>[3] {
  const network = findArchitecture(options.architecture)
    .build(readOptions(options).hyperparameters, corpus.vocabulary.size);
  const train = "measureBuffers" in network
    ? evaluationSamples(makeExamples(corpus, network.contextLength)).train
    : undefined;
  const started = performance.now();
  let nextReport = 0;
  let nextPreview = 0;
  return {
    async onTurn({ step, history, parameters }) {
      const isLast = step === options.steps;
      if (performance.now() < nextReport && !isLast) return;
      const seconds = (performance.now() - started) / 1000;
      tell({ type: "progress", run: { step, history: [...history], seconds } });
      nextReport = performance.now() + REPORT_INTERVAL;
      if (performance.now() < nextPreview && !isLast) return;
      const begun = performance.now();
      const things = await preview(network, parameters(), corpus.vocabulary, train, PREVIEW);
      tell({ type: "made", things, step });
      const ended = performance.now();
      nextPreview = ended + Math.max(PREVIEW_INTERVAL, PREVIEW_COST * (ended - begun));
    },
    onProgress: (evaluated, all) => {
      if (performance.now() < nextReport) return;
      tell({ type: "evaluating", share: evaluated / all });
      nextReport = performance.now() + REPORT_INTERVAL;
    },
  };
}

/** The requests before the last one: a list is read before it is trained on. */
let requests = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.type === "stop") return stop.abort();
  requests = requests.then(() => data.type === "read" ? read(data.list, data.id) : train(data.options));
};
tell({ type: "ready", architectures: trainableArchitectures() });
