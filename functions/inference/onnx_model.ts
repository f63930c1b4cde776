import type { InferenceSession, TensorConstructor } from "onnxruntime-web/wasm";
import type { LanguageModel } from "../../shared/language_model.ts";
import type { ModelCard } from "../../shared/model_card.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";

/** A build of ONNX Runtime Web, and what of it computes. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(onnx: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
  readonly executionProvider: "wasm" | "webgpu";
}

/**
 * Opens an ONNX file as a language model. It is asked once, to see that it answers as its card promises.
 *
 * @param runtime What runs it; who calls has given it its WebAssembly.
 * @throws {Error} If the file is no model, or not one with the input, output and sizes of the card.
 */
export async function openOnnxModel(
  onnx: Uint8Array,
  card: Pick<ModelCard, "context_length" | "vocabulary">,
  runtime: OnnxRuntime,
): Promise<LanguageModel> {
  const session = await runtime.InferenceSession.create(onnx, {
    executionProviders: [runtime.executionProvider],
    logSeverityLevel: 3, // errors; WebGPU would warn of each node that it leaves to the CPU
  });
  const model = new OnnxModel(runtime, session, card.context_length, new Vocabulary(card.vocabulary).size);
  const row = await model.logProbs(new Int32Array(card.context_length));
  const total = row.reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  if (row.length !== model.vocabularySize || !(Math.abs(total - 1) < 1e-3)) {
    throw new Error(
      `its output has ${row.length} log-probabilities that add up to ${total.toFixed(3)}; ` +
        `${model.vocabularySize} that add up to 1 were expected`,
    );
  }
  return model;
}

/** A language model over an ONNX session. The cache in front of it sees that it runs once at a time. */
class OnnxModel implements LanguageModel {
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;

  constructor(
    runtime: OnnxRuntime,
    session: InferenceSession,
    readonly contextLength: number,
    readonly vocabularySize: number,
  ) {
    this.#runtime = runtime;
    this.#session = session;
  }

  async logProbs(contexts: Int32Array<ArrayBuffer>): Promise<Float32Array> {
    const shape = [contexts.length / this.contextLength, this.contextLength];
    const context = new this.#runtime.Tensor("int64", widen(contexts), shape);
    const { log_probs } = await this.#session.run({ context });
    return log_probs.data as Float32Array;
  }
}

/** Token ids as int64: they are not negative, so each is its low word and a zero. */
function widen(tokens: Int32Array): BigInt64Array<ArrayBuffer> {
  const words = new Int32Array(tokens.length * 2);
  for (let i = 0; i < tokens.length; i++) words[2 * i] = tokens[i];
  return new BigInt64Array(words.buffer);
}
