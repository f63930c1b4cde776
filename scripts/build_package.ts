/*
 * Writes the npm package into build/package, and packs it into build/edgemore-VERSION.tgz:
 *
 *     deno run scripts/build_package.ts [DIRECTORY]
 *
 * DIRECTORY is where both are written. Default: build/ beside the code. dist/ has the entries and the modules that they share, so
 * that a model opened through one is known to the others; types/ has a declaration for each source file that an entry's types
 * reach.
 */
import { build, type Metafile } from "esbuild";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { readModel } from "../functions/inference/model_directory.ts";
import { parseModelCard } from "../shared/model_card.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { packagePlugins } from "./package_plugins.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = join(ROOT, "package");
const BUILD = resolve(process.argv[2] ?? join(ROOT, "build"));
const PACKAGE = join(BUILD, "package");
const TYPES = join(PACKAGE, "types");

/** The source files of the entries, by their names in `exports`. */
const ENTRIES = {
  ".": "core.ts",
  "./hono": "hono.ts",
  "./cloudflare": "cloudflare.ts",
  "./train": "train.ts",
};
/** The source file of the command. */
const COMMAND = "command.ts";
/** The models that come along: of names, and of towns. */
const INCLUDED_MODELS = ["gru", "towns"];
/** What the package's `imports` choose from: for Node, Deno and Bun, and for all others. */
const RUNTIMES = { workerd: "runtimes/browser.ts", node: "runtimes/node.ts", default: "runtimes/browser.ts" };
/** Other packages that the user installs beside this one, because an application uses them itself. */
const PEERS = ["hono", "onnxruntime-web"];
/** Those that are needed only for what cannot be trained without them. */
const OPTIONAL_PEERS = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];

/** The part of package.json that the package's own is made of. */
interface Manifest {
  version: string;
  description: string;
  license: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const root: Manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** The file of dist/ or types/ for a source file. */
function output(folder: "dist" | "types/package", source: string, extension: string): string {
  return `./${folder}/${source.replace(/\.ts$/, extension)}`;
}

async function bundle(): Promise<Metafile> {
  const { metafile, warnings } = await build({
    entryPoints: [...Object.values(ENTRIES), COMMAND, ...new Set(Object.values(RUNTIMES))]
      .map((file) => join(SOURCES, file)),
    outdir: join(PACKAGE, "dist"),
    outbase: SOURCES,
    chunkNames: "shared/[name]-[hash]",
    bundle: true,
    splitting: true,
    packages: "external",
    external: ["node:*"],
    format: "esm",
    platform: "neutral",
    target: "es2023",
    sourcemap: true,
    metafile: true,
    define: { EDGEMORE_VERSION: JSON.stringify(root.version) },
    plugins: await packagePlugins(ROOT),
  });
  if (warnings.length > 0) throw new Error(`Cannot build the package: ${warnings[0].text}`);
  return metafile;
}

/** Writes the declarations that the entries reach. */
function writeTypes(): void {
  const program = ts.createProgram([...Object.values(ENTRIES), COMMAND].map((file) => join(SOURCES, file)), {
    target: ts.ScriptTarget.ES2023,
    // No later built-ins than Node 20 has.
    lib: ["es2023", "es2024.string", "dom", "dom.iterable", "dom.asynciterable"].map((name) =>
      `lib.${name}.d.ts`
    ),
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    strict: true,
    skipLibCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    rootDir: ROOT,
    outDir: TYPES,
  });
  const declarations = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (path, text) => void declarations.set(resolve(path), text));
  const errors = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (errors.length > 0) {
    throw new Error(ts.formatDiagnostics(errors, {
      getCanonicalFileName: (file) => file,
      getCurrentDirectory: () => ROOT,
      getNewLine: () => "\n",
    }));
  }
  const entries = Object.values(ENTRIES).map((source) =>
    join(PACKAGE, output("types/package", source, ".d.ts"))
  );
  const reached = new Set(entries);
  for (const path of reached) {
    const text = declarations.get(path)!.replace(
      /((?:from|import)\s*\(?)"(\.[^"]*)\.ts"/g,
      (_, before: string, module: string) => {
        reached.add(resolve(dirname(path), `${module}.d.ts`));
        return `${before}"${module}.js"`;
      },
    );
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Copies the models that come along, under names without hashes, so that an import of their files stays right. */
async function copyModels(): Promise<void> {
  const directory = join(PACKAGE, "models");
  mkdirSync(directory);
  for (const name of INCLUDED_MODELS) {
    const { card, onnx, list } = await readModel(join(ROOT, "models"), name);
    const names = modelFileNames(name, parseModelCard(card));
    writeFileSync(join(directory, `${name}.json`), card);
    writeFileSync(join(directory, names.onnx.plain), onnx!);
    writeFileSync(join(directory, names.list.plain), list!);
  }
}

/** The packages that the bundle imports. */
function importedPackages({ outputs }: Metafile): string[] {
  const imports = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
  const names = imports.flatMap(({ path }) => /^(?:@[^/]+\/)?[^./#:@]+(?=\/|$)/.exec(path)?.[0] ?? []);
  return [...new Set(names)].sort();
}

/** The versions of packages that work: at least the one that this project is tested with. */
function ranges(names: readonly string[]): Record<string, string> {
  const versions = { ...root.devDependencies, ...root.dependencies };
  return Object.fromEntries(names.map((name) => {
    if (versions[name] === undefined) {
      throw new Error(`Cannot build the package: package.json has no ${name}`);
    }
    return [name, `^${versions[name]}`];
  }));
}

function writeManifest(metafile: Metafile): void {
  const { version, description, license } = root;
  const packages = importedPackages(metafile);
  const manifest = {
    name: "edgemore",
    version,
    description,
    license,
    keywords: ["onnx", "hono", "cloudflare-workers", "language-model", "makemore", "names"],
    type: "module",
    sideEffects: [output("dist", COMMAND, ".js")],
    bin: { edgemore: output("dist", COMMAND, ".js") },
    engines: { node: ">=20.19" },
    exports: {
      ...Object.fromEntries(
        Object.entries(ENTRIES).map(([name, source]) => [name, {
          types: output("types/package", source, ".d.ts"),
          default: output("dist", source, ".js"),
        }]),
      ),
      "./models/*": "./models/*",
      "./package.json": "./package.json",
    },
    imports: {
      "#runtime": Object.fromEntries(
        Object.entries(RUNTIMES).map(([condition, source]) => [condition, output("dist", source, ".js")]),
      ),
    },
    files: ["dist", "types", "models", "CHANGELOG.md"],
    dependencies: ranges(packages.filter((name) => ![...PEERS, ...OPTIONAL_PEERS].includes(name))),
    peerDependencies: ranges([...PEERS, ...OPTIONAL_PEERS]),
    peerDependenciesMeta: Object.fromEntries(OPTIONAL_PEERS.map((name) => [name, { optional: true }])),
  };
  writeFileSync(join(PACKAGE, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
}

/** The bytes of an entry and of all that it imports at once, as they are and compressed. */
function sizeOf({ outputs }: Metafile, source: string): { bytes: number; compressed: number } {
  const path = relative(process.cwd(), join(PACKAGE, output("dist", source, ".js")));
  const files = new Set([path]);
  for (const file of files) {
    for (const { path, kind, external } of outputs[file].imports) {
      if (!external && kind === "import-statement") files.add(path);
    }
  }
  const text = [...files].map((file) =>
    readFileSync(file, "utf8").replace(/^\/\/# sourceMappingURL.*$/m, "")
  );
  return { bytes: text.join("").length, compressed: gzipSync(text.join("")).length };
}

rmSync(PACKAGE, { recursive: true, force: true });
const metafile = await bundle();
writeTypes();
writeManifest(metafile);
await copyModels();
for (const file of ["LICENSE", "CHANGELOG.md"]) copyFileSync(join(ROOT, file), join(PACKAGE, file));
copyFileSync(join(SOURCES, "README.md"), join(PACKAGE, "README.md"));
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
for (const [name, source] of Object.entries(ENTRIES)) {
  const { bytes, compressed } = sizeOf(metafile, source);
  console.log(
    `${join("edgemore", name).padEnd(20)} ${kilobytes(bytes)}, compressed ${kilobytes(compressed)}`,
  );
}
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const packed = execFileSync(npm, ["pack", "--silent", "--pack-destination", BUILD], {
  cwd: PACKAGE,
  encoding: "utf8",
});
const tarball = join(BUILD, basename(packed.trim()));
console.log(`${relative(".", tarball)}: ${kilobytes(statSync(tarball).size)}`);
