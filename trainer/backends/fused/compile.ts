/*
 * The page has page/train/kernel.ts in place of this file; see scripts/trainer_in_browser.ts.
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import packageJson from "../../../package.json" with { type: "json" };
import { sha256 } from "../../../shared/sha256.ts";
import { writeAtomically } from "../../atomic_write.ts";

const SOURCES = new URL("./kernel/", import.meta.url);
const CACHE = new URL("../../../build/", import.meta.url);
const ENTRY = "kernel.ts";
/** The name under which the compiler hands over the WebAssembly. */
const OUTPUT = "kernel.wasm";
/** `stub` is AssemblyScript's smallest runtime: no garbage collector, no imports. */
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

/** For a memory that several threads use; it comes from outside, and may grow to 4 GiB. */
const SHARED_MEMORY = ["--enable", "threads", "--importMemory", "--sharedMemory", "--maximumMemory", "65536"];

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles the kernel from AssemblyScript, which takes a second, and caches it in `build/`.
 *
 * @param relaxed Use WebAssembly's relaxed SIMD, which multiplies and adds in one instruction.
 * @param shared Import a shared memory instead of having one.
 * @throws {Error} If it does not compile.
 */
export function fusedKernel(relaxed: boolean, shared = false): Promise<WebAssembly.Module> {
  const flags = flagsOf(relaxed, shared);
  const key = flags.join(" ");
  const kernel = compiled.get(key) ?? cachedWasm(flags).then((wasm) => WebAssembly.compile(wasm));
  compiled.set(key, kernel);
  return kernel;
}

/** The bytes of the compiled kernel for one thread, which the page's build serves. */
export function fusedWasm(relaxed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  return cachedWasm(flagsOf(relaxed, false));
}

function flagsOf(relaxed: boolean, shared: boolean): string[] {
  return [
    ...FLAGS,
    ...(relaxed ? ["--enable", "relaxed-simd"] : []),
    ...(shared ? SHARED_MEMORY : []),
  ];
}

/** The compiled kernel, from the cache if it is there. */
async function cachedWasm(flags: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const sources = await readSources();
  const compiler = packageJson.dependencies.assemblyscript;
  const key = await sha256(new TextEncoder().encode(JSON.stringify([compiler, flags, sources])));
  const path = new URL(`fused-${key.slice(0, 16)}.wasm`, CACHE);
  const cached = await readFile(path).then((bytes) => new Uint8Array(bytes), () => undefined);
  // Another process may be writing the file at this moment.
  if (cached && WebAssembly.validate(cached)) return cached;
  const wasm = await compile(sources, flags);
  // Without permission to write, the kernel is compiled every time.
  await mkdir(CACHE, { recursive: true }).then(() => writeAtomically(fileURLToPath(path), wasm)).catch(
    () => {},
  );
  return wasm;
}

/** The text of each of the kernel's files, by file name. */
async function readSources(): Promise<Record<string, string>> {
  const names = (await readdir(SOURCES)).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, SOURCES), "utf8")));
  return Object.fromEntries(names.map((name, i) => [name, texts[i]]));
}

async function compile(sources: Record<string, string>, flags: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { main } = await import("assemblyscript/asc"); // takes half a second
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await main([ENTRY, ...flags], {
    readFile: (name) => sources[name] ?? null,
    writeFile: (name, content) => {
      if (name === OUTPUT && typeof content !== "string") wasm = Uint8Array.from(content);
    },
    listFiles: () => [],
  });
  if (error || !wasm) {
    throw new Error(`Cannot compile the kernel of the fused step: ${error?.message}\n${stderr}`);
  }
  return wasm;
}
