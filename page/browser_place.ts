/// <reference lib="dom" />
import { parseModelCard } from "../shared/model_card.ts";
import { createApp } from "../functions/app.ts";
import { pinnedReference } from "../functions/inference/model_reference.ts";
import type { OnnxRuntime } from "../functions/inference/onnx_model.ts";
import { provideOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { Registry } from "../functions/inference/registry.ts";
import { type Ask, askEdge } from "./ask_edge.ts";
import { Failure } from "./failure.ts";
import type { BrowserPlace } from "./page_state.ts";

/*
 * The server in the browser: the same application over the same model, but for what computes the model's rows. It
 * is loaded only by who chooses it.
 */

/** The addresses of ONNX Runtime Web's WebAssembly, packed with gzip; `build_page.ts` knows them. */
declare const WASM_FILES: Record<BrowserPlace, string>;

/** ONNX Runtime Web for each place, loaded once. */
const runtimes = new Map<BrowserPlace, Promise<OnnxRuntime>>();

/**
 * Opens a model of the server's in this browser.
 *
 * @returns What asks it.
 */
export async function openModel(place: BrowserPlace, model: string): Promise<Ask> {
  if (!isSecureContext) {
    throw new Failure("a browser allows that only at https:// addresses and at localhost.");
  }
  const runtime = runtimes.get(place) ?? openRuntime(place);
  runtimes.set(place, runtime);
  runtime.catch(() => runtimes.delete(place));
  const card = await download(`/models/${model}`).then((response) => response.text());
  const { sha256 } = parseModelCard(card);
  // Pinned to their card, the files are those that it describes, and the browser keeps them.
  const path = (file: string) => `/models/${pinnedReference(model, sha256)}/${file}`;
  const [onnx, list] = await Promise.all([
    download(path("model.onnx")).then((response) => response.bytes()),
    // The server may not have the list: then `novel` is refused here as it is there.
    askEdge(path("training_names.txt")).then((response) => response.ok ? response.bytes() : null),
  ]);
  const registry = await Registry.open([{ name: model, card, onnx, list }], undefined, await runtime);
  const [{ reason }] = registry.statuses();
  if (reason) throw new Failure(`the model does not load: ${reason}.`);
  const app = createApp(registry, { runtime: place });
  return async (path) => await app.request(path);
}

async function openRuntime(place: BrowserPlace): Promise<OnnxRuntime> {
  if (place === "wasm") {
    provideOnnxRuntime(await unpack(WASM_FILES.wasm));
    return WASM_RUNTIME;
  }
  if (!await (navigator as { gpu?: { requestAdapter(): Promise<object | null> } }).gpu?.requestAdapter()) {
    throw new Failure(
      "this browser has no WebGPU, or none for this machine. WebAssembly makes the same names.",
    );
  }
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web/webgpu");
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  env.wasm.wasmBinary = (await unpack(WASM_FILES.webgpu)).buffer;
  return { InferenceSession, Tensor, executionProvider: "webgpu" };
}

/** Downloads a file that was packed with gzip. */
async function unpack(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await download(path);
  return await new Response(packed.body!.pipeThrough(new DecompressionStream("gzip"))).bytes();
}

async function download(path: string): Promise<Response> {
  const response = await askEdge(path);
  if (!response.ok) throw await Failure.of(response);
  return response;
}
