/*
 * Writes build/worker.ts, the entry of the Cloudflare Worker. A Worker cannot read a directory, so the entry contains the cards
 * and imports the models' other files as data from build/models/, where they are copied under their hashes.
 *
 *     deno run scripts/build_worker.ts [DIRECTORY]
 *
 * DIRECTORY is where the entry is written. Default: build/ beside the code. EDGEMORE_MODELS is the directory of the models.
 * Default: models/ beside the code. Each model is opened first, within EDGEMORE_MODEL_TIMEOUT seconds; a broken one is left out.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listModels, readModel } from "../functions/inference/model_directory.ts";
import { ModelProbe } from "../functions/inference/model_probe.ts";
import { readSettings } from "../functions/runtimes/settings.ts";
import { takeOnnxSnapshot, type TriedModel } from "./take_onnx_snapshot.ts";
import { writeBuilt } from "./write_built.ts";

const { models: modelsDirectory = fileURLToPath(new URL("../models", import.meta.url)), modelTimeout } =
  readSettings(
    // The Worker's own settings are read where it runs.
    (name) => name === "EDGEMORE_MODELS" || name === "EDGEMORE_MODEL_TIMEOUT" ? process.env[name] : undefined,
  );
const build = process.argv[2] ?? fileURLToPath(new URL("../build", import.meta.url));
mkdirSync(join(build, "models"), { recursive: true });

/** Writes a file below the directory. */
const write = (file: string, content: string | Uint8Array) => writeBuilt(join(build, file), content);

const wasm = readFileSync(fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));
const probe = new ModelProbe(WebAssembly.compile(wasm), modelTimeout);
const names: string[] = [];
const models: string[] = [];
/** The models that opened. */
const opened: TriedModel[] = [];

/** The variables that hold the copied files, by file name. */
const variables = new Map<string, string>();

/** Copies a file of a model, unless it was copied for another, and returns an expression for its bytes. */
function importData(bytes: Uint8Array, extension: "onnx" | "txt"): string {
  const file = `models/${createHash("sha256").update(bytes).digest("hex")}.${extension}`;
  const variable = variables.get(file) ?? `file${variables.size}`;
  if (!variables.has(file)) write(file, bytes);
  variables.set(file, variable);
  return `new Uint8Array(${variable})`;
}

for (const name of await listModels(modelsDirectory)) {
  try {
    const { card, ...files } = await readModel(modelsDirectory, name);
    await probe.check({ card, ...files });
    const onnx = importData(files.onnx!, "onnx");
    opened.push({ card, onnx: files.onnx! });
    const list = files.list ? importData(files.list, "txt") : "null";
    models.push(
      `  { name: ${JSON.stringify(name)}, card: ${JSON.stringify(card)}, onnx: ${onnx}, list: ${list} },`,
    );
    names.push(name);
  } catch (error) {
    console.error(`warning: model ${name} is left out: ${(error as Error).message}`);
  }
}
probe.end();

/** Writes ONNX Runtime Web as it is when the models are open. Returns whether that was possible. */
async function writeSnapshot(): Promise<boolean> {
  const glue = fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.mjs"));
  try {
    write("onnx_runtime.wasm", await takeOnnxSnapshot(wasm, readFileSync(glue, "utf8"), opened));
    return true;
  } catch (error) {
    console.error(
      `warning: the Worker will start slowly: cannot take a snapshot of ONNX Runtime Web: ${
        (error as Error).message
      }`,
    );
    return false;
  }
}

const module = await writeSnapshot() ? "./onnx_runtime.wasm" : "onnxruntime-web/ort-wasm-simd-threaded.wasm";
const cloudflare = relative(
  build,
  fileURLToPath(new URL("../functions/runtimes/cloudflare.ts", import.meta.url)),
);
write(
  "worker.ts",
  `import wasm from "${module}";
import { env, waitUntil } from "cloudflare:workers";
import { createWorker } from ${JSON.stringify(cloudflare)};
export { RateLimitObject } from ${JSON.stringify(cloudflare)};
${Array.from(variables, ([file, variable]) => `import ${variable} from "./${file}";`).join("\n")}

export default await createWorker(wasm, [
${models.join("\n")}
], env, waitUntil);
`,
);
console.log(`worker.ts: ${names.join(", ") || "no models"}`);
