/*
 * Writes build/worker.ts, the entry of the Cloudflare Worker. A Worker has no directory to read, so every model is imported by
 * name: the card as text, the other files as data from build/models/, where they are copied under their hashes.
 *
 *     deno run scripts/build_worker.ts [DIRECTORY]
 *
 * DIRECTORY is where the entry goes. Default: build/ beside the code. EDGEMORE_MODELS is the directory of the models. Default:
 * models/ beside the code. Models are opened before they are built in, for as long as EDGEMORE_MODEL_TIMEOUT allows; a broken one
 * is left out.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listModels, readModel } from "../functions/inference/model_directory.ts";
import { ModelProbe } from "../functions/inference/model_probe.ts";
import { readSettings } from "../functions/runtimes/settings.ts";

const { models: modelsDirectory = fileURLToPath(new URL("../models", import.meta.url)), modelTimeout } =
  readSettings(
    // The Worker's own settings are read where it runs.
    (name) => name === "EDGEMORE_MODELS" || name === "EDGEMORE_MODEL_TIMEOUT" ? process.env[name] : undefined,
  );
const build = process.argv[2] ?? fileURLToPath(new URL("../build", import.meta.url));
mkdirSync(join(build, "models"), { recursive: true });

/** Writes a file in one step: another build may read it at the same time. */
function write(file: string, content: string | Uint8Array): void {
  const path = join(build, file);
  const aside = `${path}.${process.pid}.tmp`;
  writeFileSync(aside, content);
  renameSync(aside, path);
}

const wasm = readFileSync(fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));
const probe = new ModelProbe(WebAssembly.compile(wasm), modelTimeout);
const names: string[] = [];
const imports: string[] = [];
const models: string[] = [];

/** Copies a file of a model and imports the copy, if there is such a file; returns the expression of its bytes. */
function importData(bytes: Uint8Array | null | undefined, extension: "onnx" | "known"): string {
  if (!bytes) return "null";
  const file = `models/${createHash("sha256").update(bytes).digest("hex")}.${extension}`;
  write(file, bytes);
  const name = `${extension}${names.length}`;
  imports.push(`import ${name} from "./${file}";`);
  return `new Uint8Array(${name})`;
}

for (const name of await listModels(modelsDirectory)) {
  try {
    const { card, ...files } = await readModel(modelsDirectory, name);
    await probe.check({ card, ...files });
    const [onnx, known] = [importData(files.onnx, "onnx"), importData(files.known, "known")];
    models.push(
      `  { name: ${JSON.stringify(name)}, card: ${JSON.stringify(card)}, onnx: ${onnx}, known: ${known} },`,
    );
    names.push(name);
  } catch (error) {
    console.error(`warning: model ${name} is left out: ${(error as Error).message}`);
  }
}
probe.end();

const cloudflare = relative(
  build,
  fileURLToPath(new URL("../functions/runtimes/cloudflare.ts", import.meta.url)),
);
write(
  "worker.ts",
  `import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { env } from "cloudflare:workers";
import { createWorker } from ${JSON.stringify(cloudflare)};
${imports.join("\n")}

export default await createWorker(wasm, [
${models.join("\n")}
], env);
`,
);
console.log(`worker.ts: ${names.join(", ") || "no models"}`);
