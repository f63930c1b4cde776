/*
 * Writes build/worker.ts, the entry of the Cloudflare Worker. A Worker has no directory to read, so every model is imported by
 * name: the card as text, the other files as data from build/models/, where they are copied.
 *
 * EDGEMORE_MODELS is the directory of the models. Default: models/ beside the code.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { listModels, readModel } from "./inference/model_directory.ts";

const MODELS = process.env.EDGEMORE_MODELS || fileURLToPath(new URL("../models", import.meta.url));
const BUILD = new URL("../build/", import.meta.url);
const COPIES = new URL("models/", BUILD);

rmSync(COPIES, { recursive: true, force: true });
mkdirSync(COPIES, { recursive: true });

const built: string[] = [];
const imports: string[] = [];
const models: string[] = [];
for (const name of await listModels(MODELS)) {
  try {
    const { card, ...files } = await readModel(MODELS, name);
    /** Copies a file of the model and imports the copy, if there is one; returns the expression of its bytes. */
    const importData = (extension: "onnx" | "known"): string => {
      const bytes = files[extension];
      if (!bytes) return "null";
      const file = `${built.length}.${extension}`; // a directory entry may have any name
      writeFileSync(new URL(file, COPIES), bytes);
      imports.push(`import ${extension}${built.length} from "./models/${file}";`);
      return `new Uint8Array(${extension}${built.length})`;
    };
    const [onnx, known] = [importData("onnx"), importData("known")];
    models.push(
      `  { name: ${JSON.stringify(name)}, card: ${JSON.stringify(card)}, onnx: ${onnx}, known: ${known} },`,
    );
    built.push(name);
  } catch (error) {
    console.error(`warning: model ${name} is left out: ${(error as Error).message}`);
  }
}

writeFileSync(
  new URL("worker.ts", BUILD),
  `import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { env } from "cloudflare:workers";
import { createWorker } from "../functions/cloudflare.ts";
${imports.join("\n")}

export default await createWorker(wasm, [
${models.join("\n")}
], env);
`,
);
console.log(`build/worker.ts: ${built.join(", ") || "no models"}`);
