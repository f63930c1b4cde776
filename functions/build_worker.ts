/*
 * Writes build/worker.ts, the entry of the Cloudflare Worker: a Worker has no directory to read, so every
 * model in models/ is imported by name, the cards as text and the other files as data.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const MODELS = new URL("../models/", import.meta.url);
const BUILD = new URL("../build/", import.meta.url);

const names = readdirSync(MODELS)
  .flatMap((file) => /^([^.].*)\.json$/.exec(file)?.[1] ?? [])
  .sort();

const imports: string[] = [];
const models = names.map((name, i) => {
  const card = JSON.stringify(readFileSync(new URL(`${name}.json`, MODELS), "utf8"));
  /** Imports a file of the model, if there is one; returns what it is called. */
  const importData = (extension: string): string => {
    const file = `${name}.${extension}`;
    if (!existsSync(new URL(file, MODELS))) return "null";
    imports.push(`import ${extension}${i} from ${JSON.stringify(`../models/${file}`)};`);
    return `new Uint8Array(${extension}${i})`;
  };
  const [onnx, known] = [importData("onnx"), importData("known")];
  return `  { name: ${JSON.stringify(name)}, card: ${card}, onnx: ${onnx}, known: ${known} },`;
});

mkdirSync(BUILD, { recursive: true });
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
console.log(`build/worker.ts: ${names.join(", ") || "no models"}`);
