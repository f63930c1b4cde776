/*
 * Bundles the page into build/page, which every runtime serves: index.html, and in assets/ files whose names
 * have their hashes. ONNX Runtime Web's WebAssembly is packed with gzip: Cloudflare takes no file above
 * 25 MiB, and a browser unpacks it as it comes.
 */
import { type BuildResult, context, type Metafile } from "esbuild";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { STATIC_FILE_HEADERS } from "../functions/runtimes/static_file_headers.ts";

const SOURCE = fileURLToPath(new URL("../page/", import.meta.url));
const PAGE = fileURLToPath(new URL("../build/page/", import.meta.url));
const ASSETS = join(PAGE, "assets");

/** The WebAssembly of ONNX Runtime Web for each place in a browser where a model can run. */
const RUNTIMES = {
  wasm: "ort-wasm-simd-threaded.wasm",
  webgpu: "ort-wasm-simd-threaded.asyncify.wasm",
};

/** What is loaded before anything is asked for may weigh so many bytes, compressed. */
const MAX_FIRST_LOAD = 150_000;

/** What esbuild makes. */
type Made = BuildResult<{ write: false; metafile: true }>;

/** Writes a file whole, or not at all: a server may be reading the last one, another build may be running. */
function write(path: string, bytes: Uint8Array | string): void {
  const contents = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  const aside = `${path}.${process.pid}.tmp`;
  writeFileSync(aside, contents);
  renameSync(aside, path);
}

/** What tells a file's name from that of another version. */
function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 8);
}

/** Packs a WebAssembly file, unless that was done before, and returns the name of the packed one. */
function pack(file: string): string {
  const bytes = readFileSync(createRequire(import.meta.url).resolve(`onnxruntime-web/${file}`));
  const packed = `${basename(file, ".wasm")}-${hashOf(bytes)}.wasm.gz`;
  if (!existsSync(join(ASSETS, packed))) write(join(ASSETS, packed), gzipSync(bytes));
  return packed;
}

/** Writes what esbuild made, the compressed forms beside it, the page that names it, and Cloudflare's headers. */
function writePage({ outputFiles, metafile }: Made): void {
  const kept = new Set(Object.values(packed));
  for (const { path, contents } of outputFiles) {
    for (const [name, bytes] of compressed(basename(path), contents)) {
      write(join(ASSETS, name), bytes);
      kept.add(name);
    }
  }
  const icon = readFileSync(join(SOURCE, "icon.svg"));
  const iconName = `icon-${hashOf(icon)}.svg`;
  write(join(ASSETS, iconName), icon);
  kept.add(iconName);
  const [script, style] = ["main.tsx", "style.css"].map((source) => outputOf(metafile, source));
  const html = readFileSync(join(SOURCE, "index.html"), "utf8")
    .replace("icon.svg", `/assets/${iconName}`)
    .replace("style.css", `/assets/${style}`)
    .replace("main.tsx", `/assets/${script}`);
  for (const [name, bytes] of compressed("index.html", new TextEncoder().encode(html))) {
    write(join(PAGE, name), bytes);
  }
  const headers = [...STATIC_FILE_HEADERS].map(([pattern, headers]) =>
    `${pattern}\n${Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`).join("")}`
  );
  write(join(PAGE, "_headers"), headers.join("\n"));
  // Cloudflare compresses by itself.
  write(join(PAGE, ".assetsignore"), "*.br\n*.tmp\n.assetsignore\n");
  for (const name of readdirSync(ASSETS)) {
    if (!kept.has(name) && !name.endsWith(".tmp")) rmSync(join(ASSETS, name), { force: true });
  }
  tellWeight(metafile, [script, style]);
}

/** A file and its compressed form, by their names. */
function compressed(name: string, bytes: Uint8Array): [string, Uint8Array][] {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return [[name, bytes], [`${name}.br`, brotliCompressSync(bytes, { params })]];
}

/** The file that a source became. */
function outputOf({ outputs }: Metafile, source: string): string {
  const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(`/${source}`));
  if (!found) throw new Error(`Cannot build the page: nothing was made of ${source}`);
  return basename(found[0]);
}

/** Says what a first load weighs; fails if it is too much. */
function tellWeight({ outputs }: Metafile, entries: string[]): void {
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
    throw new Error(`The page is too heavy: the most is ${MAX_FIRST_LOAD / 1000} kB`);
  }
}

mkdirSync(ASSETS, { recursive: true });
const packed = { wasm: pack(RUNTIMES.wasm), webgpu: pack(RUNTIMES.webgpu) };
const bundler = await context({
  entryPoints: [join(SOURCE, "main.tsx"), join(SOURCE, "style.css")],
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
    WASM_FILES: JSON.stringify({ wasm: `/assets/${packed.wasm}`, webgpu: `/assets/${packed.webgpu}` }),
  },
  metafile: true,
  write: false,
  plugins: [{
    name: "page",
    setup: ({ onEnd }) => onEnd((result) => void (result.errors.length || writePage(result as Made))),
  }],
});
if (process.argv.includes("--watch")) {
  await bundler.watch();
} else {
  try {
    await bundler.rebuild();
  } catch {
    process.exitCode = 1; // esbuild has said what is wrong
  } finally {
    await bundler.dispose();
  }
}
