/// <reference lib="dom" />
import { cardText, parseModelCard } from "../shared/model_card.ts";
import { createApp } from "../functions/app.ts";
import { pinnedReference } from "../functions/inference/model_reference.ts";
import type { OnnxRuntime } from "../functions/inference/onnx_model.ts";
import { provideOnnxRuntime, WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import type { ModelStatus } from "../functions/inference/model_state.ts";
import { type ModelFiles, Registry } from "../functions/inference/registry.ts";
import { type ApiFetch, fetchFromEdge } from "./edge_runtime.ts";
import { Failure } from "./failure.ts";
import type { BrowserRuntime } from "./page_state.ts";
import { localFiles } from "./train/local_models.ts";
import { isLocal, nameOf } from "./train/local_reference.ts";

/*
 * The server's application and model, run in the browser. It is loaded only when a visitor chooses it.
 */

/** The paths of ONNX Runtime Web's WebAssembly, compressed with gzip; build_page.ts defines them. */
declare const WASM_FILES: Record<BrowserRuntime, string>;

/** Its WebAssembly for each of them, still compressed, downloaded once. */
const downloads = new Map<BrowserRuntime, Promise<Blob>>();
/** ONNX Runtime Web for WebAssembly and for WebGPU, each loaded once. */
const onnxRuntimes = new Map<BrowserRuntime, Promise<OnnxRuntime>>();

/**
 * Opens a model in this browser, after loading it from the server unless it was trained here.
 *
 * @returns Answers the API's paths about that model.
 * @throws {Failure} If the browser cannot run it, or if the server cannot be reached.
 */
export async function openModel(runtime: BrowserRuntime, model: string): Promise<ApiFetch> {
  if (!isSecureContext) {
    throw new Failure("a browser allows it only at https:// addresses and at localhost.");
  }
  const onnxRuntime = loadedRuntime(runtime);
  const files = isLocal(model) ? await readLocalModel(nameOf(model)) : await downloadModel(model);
  const registry = await Registry.open([files], undefined, await onnxRuntime);
  const [{ reason }] = registry.statuses();
  if (reason) throw new Failure(`the model does not load: ${reason}.`);
  const app = createApp(registry, { runtime });
  return async (path) => await app.request(path);
}

/**
 * ONNX Runtime Web's WebAssembly, downloaded at the first call. It stays compressed until a model is opened, which may be long
 * after that: decompressed, it takes 14 MB.
 */
export function downloadedWasm(runtime: BrowserRuntime): Promise<Blob> {
  const wasm = downloads.get(runtime) ?? download(WASM_FILES[runtime]).then((response) => response.blob());
  downloads.set(runtime, wasm);
  wasm.catch(() => downloads.delete(runtime));
  return wasm;
}

/** ONNX Runtime Web, loaded at the first call. */
function loadedRuntime(runtime: BrowserRuntime): Promise<OnnxRuntime> {
  const onnxRuntime = onnxRuntimes.get(runtime) ?? loadOnnxRuntime(runtime);
  onnxRuntimes.set(runtime, onnxRuntime);
  onnxRuntime.catch(() => onnxRuntimes.delete(runtime));
  return onnxRuntime;
}

async function readLocalModel(name: string): Promise<ModelFiles> {
  const { card, onnx, list } = await localFiles(name);
  return { name, card: cardText(card), onnx, list };
}

async function downloadModel(model: string): Promise<ModelFiles> {
  const card = await download(`/models/${model}`).then((response) => response.text());
  const { sha256 } = parseModelCard(card);
  // Pinned to the card's hash, the files are the ones it describes, and the browser caches them.
  const path = (file: string) => `/models/${pinnedReference(model, sha256)}/${file}`;
  const [onnx, list] = await Promise.all([
    download(path("model.onnx")).then((response) => response.bytes()),
    downloadList(model, path("training_names.txt")),
  ]);
  return { name: model, card, onnx, list };
}

/**
 * Downloads a model's list, or returns null if it came without: `novel` is then refused here as on the server. It asks
 * before, because browsers log a request for a file that is missing as an error.
 */
async function downloadList(model: string, path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const { models }: { models: ModelStatus[] } = await (await fetchFromEdge("/health")).json();
  const hasList = models.some(({ name, training_names }) => name === model && training_names);
  return hasList ? await (await download(path)).bytes() : null;
}

async function loadOnnxRuntime(runtime: BrowserRuntime): Promise<OnnxRuntime> {
  if (runtime === "wasm") {
    provideOnnxRuntime(await decompress(await downloadedWasm(runtime)));
    return WASM_RUNTIME;
  }
  if (!await (navigator as { gpu?: { requestAdapter(): Promise<object | null> } }).gpu?.requestAdapter()) {
    throw new Failure(
      "this browser has no WebGPU, or not on this machine. WebAssembly makes the same.",
    );
  }
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web/webgpu");
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  env.wasm.wasmBinary = (await decompress(await downloadedWasm(runtime))).buffer;
  return { InferenceSession, Tensor, executionProvider: "webgpu" };
}

/** Decompresses a file with gzip. */
async function decompress(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).bytes();
}

async function download(path: string): Promise<Response> {
  const response = await fetchFromEdge(path);
  if (!response.ok) throw await Failure.of(response);
  return response;
}
