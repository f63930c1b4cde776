/*
 * Bundles the page into build/page, which every runtime serves: index.html, and the files of assets/, each named by its
 * hash. ONNX Runtime Web's WebAssembly is compressed with gzip, because Cloudflare takes no file above 25 MiB; the browser
 * decompresses it as it downloads.
 */
import { type BuildResult, context, type Metafile } from "esbuild";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, parse } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { pageUrl } from "./page_url.ts";
import { type Repository, sourceUrl } from "./source_url.ts";
import { STATIC_FILE_HEADERS } from "../functions/runtimes/static_file_headers.ts";
import { fusedWasm } from "../trainer/backends/fused/compile.ts";
import { trainerInBrowser } from "./trainer_in_browser.ts";
import { writeBuilt } from "./write_built.ts";

const SOURCE = fileURLToPath(new URL("../page/", import.meta.url));
const PAGE = fileURLToPath(new URL("../build/page/", import.meta.url));
const README = fileURLToPath(new URL("../README.md", import.meta.url));
const ASSETS = join(PAGE, "assets");

/** The WebAssembly that ONNX Runtime Web needs for each runtime in a browser. */
const WASM_SOURCES = {
  wasm: "ort-wasm-simd-threaded.wasm",
  webgpu: "ort-wasm-simd-threaded.asyncify.wasm",
};

/** The lists that come along, and the licence of one that must go with it. */
const LISTS = fileURLToPath(new URL("../trainer/data/", import.meta.url));

/** Most bytes, compressed, that a visitor downloads before anything lazy is loaded. */
const MAX_FIRST_LOAD = 40_000;

/** What esbuild returns. */
type Bundle = BuildResult<{ write: false; metafile: true }>;

/** The hash in a file's name. */
function shortHash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 8);
}

/** Compresses a file of ONNX Runtime Web into the assets, unless it is there already, and returns its name. */
function compressWasm(file: string): string {
  const bytes = readFileSync(createRequire(import.meta.url).resolve(`onnxruntime-web/${file}`));
  const name = `${basename(file, ".wasm")}-${shortHash(bytes)}.wasm.gz`;
  if (!existsSync(join(ASSETS, name))) writeBuilt(join(ASSETS, name), gzipSync(bytes));
  return name;
}

/** Writes a file and its compressed copy into the assets, and returns the file's path on the server. */
function writeAsset(file: string, bytes: Uint8Array): string {
  const { name: stem, ext } = parse(file);
  const name = `${stem}-${shortHash(bytes)}${ext}`;
  for (const [asset, contents] of compressed(name, bytes)) {
    writeBuilt(join(ASSETS, asset), contents);
    permanent.add(asset);
  }
  return `/assets/${name}`;
}

/** Writes the bundle and its compressed copies, the HTML that loads it, and Cloudflare's headers; deletes older assets. */
function writePage({ outputFiles, metafile }: Bundle): void {
  const kept = new Set([...Object.values(wasmFiles), ...permanent]);
  for (const { path, contents } of outputFiles) {
    for (const [name, bytes] of compressed(basename(path), contents)) {
      writeBuilt(join(ASSETS, name), bytes);
      kept.add(name);
    }
  }
  const icon = readFileSync(join(SOURCE, "icon.svg"));
  const iconName = `icon-${shortHash(icon)}.svg`;
  writeBuilt(join(ASSETS, iconName), icon);
  kept.add(iconName);
  const [script, style, worker] = ["main.tsx", "style.css", "worker.ts"]
    .map((source) => outputOf(metafile, source));
  const html = readFileSync(join(SOURCE, "index.html"), "utf8")
    .replaceAll("PAGE_URL", pageUrl())
    .replace("icon.svg", `/assets/${iconName}`)
    .replace("style.css", `/assets/${style}`)
    .replace("main.tsx", `/assets/${script}`)
    .replace("train/worker.ts", `/assets/${worker}`);
  for (const [name, bytes] of compressed("index.html", new TextEncoder().encode(html))) {
    writeBuilt(join(PAGE, name), bytes);
  }
  writeBuilt(join(PAGE, "preview.png"), readFileSync(join(SOURCE, "preview.png")));
  for (const [name, bytes] of compressed("readme.txt", readFileSync(README))) {
    writeBuilt(join(PAGE, name), bytes);
  }
  const headers = [...STATIC_FILE_HEADERS].map(([pattern, headers]) =>
    `${pattern}\n${Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`).join("")}`
  );
  writeBuilt(join(PAGE, "_headers"), headers.join("\n"));
  // Cloudflare compresses files itself.
  writeBuilt(join(PAGE, ".assetsignore"), "*.br\n*.tmp\n.assetsignore\n");
  for (const name of readdirSync(ASSETS)) {
    if (!kept.has(name) && !name.endsWith(".tmp")) rmSync(join(ASSETS, name), { force: true });
  }
  checkFirstLoad(metafile, [script, style]);
}

/** A file and its compressed copy, by their names. */
function compressed(name: string, bytes: Uint8Array): [string, Uint8Array][] {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return [[name, bytes], [`${name}.br`, brotliCompressSync(bytes, { params })]];
}

/** The name of the output of an entry point. */
function outputOf({ outputs }: Metafile, source: string): string {
  const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(`/${source}`));
  if (!found) throw new Error(`Cannot build the page: ${source} has no output`);
  return basename(found[0]);
}

/** Prints the size of a first load. Throws if it is too large. */
function checkFirstLoad({ outputs }: Metafile, entries: string[]): void {
  const first = new Set(entries);
  for (const name of first) {
    const { imports } = Object.entries(outputs).find(([path]) => basename(path) === name)![1];
    for (const { path, kind } of imports) if (kind === "import-statement") first.add(basename(path));
  }
  const files = [join(PAGE, "index.html"), ...[...first].map((name) => join(ASSETS, name))];
  const weight = files.reduce((sum, file) => sum + readFileSync(`${file}.br`).length, 0);
  const kilobytes = (weight / 1000).toFixed(1);
  console.log(`build/page: a first load is ${files.length} files, ${kilobytes} kB compressed`);
  if (weight > MAX_FIRST_LOAD) {
    throw new Error(
      `Cannot build the page: a first load must be at most ${MAX_FIRST_LOAD / 1000} kB, is ${kilobytes} kB`,
    );
  }
}

mkdirSync(ASSETS, { recursive: true });
const wasmFiles = { wasm: compressWasm(WASM_SOURCES.wasm), webgpu: compressWasm(WASM_SOURCES.webgpu) };
const { repository } = createRequire(import.meta.url)("../package.json") as { repository?: Repository };
/** Assets that are not made of the page's own files. */
const permanent = new Set<string>();
const kernelFiles = {
  simd: writeAsset("fused.wasm", await fusedWasm(false)),
  relaxed: writeAsset("fused-relaxed.wasm", await fusedWasm(true)),
};
const listFiles = Object.fromEntries(
  readdirSync(LISTS).filter((file) => file.endsWith(".txt"))
    .map((file) => [file, writeAsset(file, readFileSync(join(LISTS, file)))]),
);
const bundler = await context({
  entryPoints: ["main.tsx", "style.css", "train/worker.ts"].map((file) => join(SOURCE, file)),
  outdir: ASSETS,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  define: {
    SOURCE_URL: JSON.stringify(sourceUrl(repository)),
    KERNEL_FILES: JSON.stringify(kernelFiles),
    LIST_FILES: JSON.stringify(listFiles),
    WASM_FILES: JSON.stringify({ wasm: `/assets/${wasmFiles.wasm}`, webgpu: `/assets/${wasmFiles.webgpu}` }),
  },
  metafile: true,
  write: false,
  plugins: [trainerInBrowser, {
    name: "page",
    setup: ({ onEnd }) => onEnd((result) => void (result.errors.length || writePage(result as Bundle))),
  }],
});
if (process.argv.includes("--watch")) {
  await bundler.watch();
} else {
  try {
    await bundler.rebuild();
  } catch {
    process.exitCode = 1; // esbuild has printed the errors
  } finally {
    await bundler.dispose();
  }
}
