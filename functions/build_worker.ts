/*
 * Writes build/worker.ts, the entry of the Cloudflare Worker: a Worker has no directory to read, so every
 * model in models/ is imported by name, the cards as text and the ONNX files as data.
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
  const file = `${name}.onnx`;
  const present = existsSync(new URL(file, MODELS));
  if (present) imports.push(`import onnx${i} from ${JSON.stringify(`../models/${file}`)};`);
  return `  { name: ${JSON.stringify(name)}, card: ${card}, onnx: ${
    present ? `new Uint8Array(onnx${i})` : "null"
  } },`;
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
