import { mkdir, readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import packageJson from "../../../package.json" with { type: "json" };
import { sha256 } from "../../../shared/sha256.ts";
import { writeAtomically } from "../../atomic_write.ts";

const SOURCES = new URL("./kernel/", import.meta.url);
const CACHE = new URL("../../../build/", import.meta.url);
const ENTRY = "step.ts";
/** What the WebAssembly is called while the compiler has it. */
const OUTPUT = "kernel.wasm";
/** Without a runtime the kernel has no garbage collector and imports nothing. */
const FLAGS = [
  "--outFile",
  OUTPUT,
  "--runtime",
  "stub",
  "-O3",
  "--converge",
  "--noAssert",
  "--enable",
  "simd",
];

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/**
 * The fused step, compiled from AssemblyScript: at its first use, which takes a second, and kept in `build/` for
 * the uses after that.
 *
 * @param relaxed Multiply and add in one instruction, of WebAssembly's relaxed SIMD.
 * @throws {Error} If it does not compile.
 */
export function fusedKernel(relaxed: boolean): Promise<WebAssembly.Module> {
  const kernel = compiled.get(relaxed) ?? cachedWasm(relaxed).then((wasm) => WebAssembly.compile(wasm));
  compiled.set(relaxed, kernel);
  return kernel;
}

/** The compiled kernel, from the cache where that has it. */
async function cachedWasm(relaxed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const flags = relaxed ? [...FLAGS, "--enable", "relaxed-simd"] : FLAGS;
  const sources = await readSources();
  const compiler = packageJson.dependencies.assemblyscript;
  const key = await sha256(new TextEncoder().encode(JSON.stringify([compiler, flags, sources])));
  const path = new URL(`fused-${key.slice(0, 16)}.wasm`, CACHE);
  const cached = await readFile(path).then((bytes) => new Uint8Array(bytes), () => undefined);
  // Another process may be writing it just now.
  if (cached && WebAssembly.validate(cached)) return cached;
  const wasm = await compile(sources, flags);
  // Where nothing may be written it is compiled every time.
  await mkdir(CACHE, { recursive: true }).then(() => writeAtomically(fileURLToPath(path), wasm)).catch(
    () => {},
  );
  return wasm;
}

/** The kernel's files, by name. */
async function readSources(): Promise<Record<string, string>> {
  const names = (await readdir(SOURCES)).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, SOURCES), "utf8")));
  return Object.fromEntries(names.map((name, i) => [name, texts[i]]));
}

/** Compiles in memory. */
async function compile(sources: Record<string, string>, flags: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { main } = await import("assemblyscript/asc"); // half a second, which the cache saves
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await main([ENTRY, ...flags], {
    readFile: (name) => sources[name] ?? null,
    writeFile: (name, content) => {
      if (name === OUTPUT && typeof content !== "string") wasm = Uint8Array.from(content);
    },
    listFiles: () => [],
  });
  if (error || !wasm) throw new Error(`Cannot compile the fused step: ${error?.message}\n${stderr}`);
  return wasm;
}
