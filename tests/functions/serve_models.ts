import { createHash } from "node:crypto";
import { type App, type AppOptions, createApp } from "../../functions/app.ts";
import { listModels, readModel } from "../../functions/inference/model_directory.ts";
import { type ModelFiles, Registry } from "../../functions/inference/registry.ts";
import { startOnnxRuntime } from "../onnx_runtime.ts";

/** The models that come along; a user may have trained others beside them. */
const COMMITTED = ["bigram", "gru", "mlp"];

/** The files of the committed models, or of all models of another directory. */
export async function modelFiles(directory?: string): Promise<ModelFiles[]> {
  const [from, names] = directory === undefined
    ? ["models", COMMITTED]
    : [directory, await listModels(directory)];
  return await Promise.all(names.map((name) => readModel(from, name)));
}

/** The version of a model with this text of a card. */
export function cardVersion(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** An application in this process: real models, real ONNX Runtime Web, no socket. */
export interface ServedApp {
  /** Its models. */
  registry: Registry;
  app: App;
  /** Asks it and reads the JSON of the answer. */
  ask<Answer = Record<string, unknown>>(path: string, init?: RequestInit): Promise<{
    status: number;
    type: string | null;
    headers: Headers;
    body: Answer;
  }>;
  /** Asks it and reads the text of the answer. */
  text(path: string, init?: RequestInit): Promise<string>;
  /** Asks it. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** Serves some models, by default the committed ones. */
export async function serveModels(files?: ModelFiles[], options?: Partial<AppOptions>): Promise<ServedApp> {
  await startOnnxRuntime();
  const registry = await Registry.open(files ?? await modelFiles());
  const app = createApp(registry, { runtime: "test", ...options });
  return {
    registry,
    app,
    ask: async (path, init) => {
      const response = await app.request(path, init);
      const { status, headers } = response;
      return { status, type: headers.get("content-type"), headers, body: await response.json() };
    },
    text: async (path, init) => await (await app.request(path, init)).text(),
    request: async (path, init) => await app.request(path, init),
  };
}
