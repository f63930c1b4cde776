import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startDeno, startProgram } from "../processes.ts";

/** What the examples need besides the package. */
const COMPANIONS = ["@hono/node-server@2.1.9", "@types/node@26.6.6", "esbuild@0.28.2"];
/** Bun is a program of its own for each platform, and there may be none for this one. */
const BUN = "bun@1.4.5";
/** How npm says that its registry cannot be reached. */
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/;

/** The package, built and installed from its tarball. */
export interface InstalledPackage {
  /** The directory that was packed. */
  directory: string;
  tarball: string;
  /** What the build printed. */
  printed: string;
  /** The path of Bun, or null if it could not be installed. */
  bun: string | null;
  /** Makes the directory of a project that has the package, and the README's examples as files. */
  project(): Promise<string>;
  /** Installs TensorFlow.js into a project: that of this one. */
  addTensorFlow(project: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Builds the package and installs its tarball with npm.
 *
 * @returns Null, with a warning, if npm or its registry cannot be reached.
 */
export async function installPackage(): Promise<InstalledPackage | null> {
  const root = await mkdtemp(join(tmpdir(), "edgemore-package-"));
  const built = await startDeno(["run", "--allow-all", "scripts/build_package.ts", root]).ended;
  if (built.code !== 0) throw new Error(`Cannot build the package: ${built.stderr}`);
  const tarball = join(root, (await readdir(root)).find((file) => file.endsWith(".tgz"))!);
  const modules = join(root, "installed");
  await mkdir(modules);
  await writeFile(join(modules, "package.json"), '{ "private": true, "type": "module" }');
  if (!await install(modules, [tarball, ...COMPANIONS])) {
    console.warn("SKIPPED: the tests of the package. npm cannot reach its registry.");
    await rm(root, { recursive: true });
    return null;
  }
  const bun = await install(modules, [BUN]).catch(() => false)
    ? join(modules, "node_modules/.bin/bun")
    : null;
  const works = bun !== null && (await startProgram(bun, ["--version"]).ended).code === 0;
  const examples = await readExamples();
  let projects = 0;
  return {
    directory: join(root, "package"),
    tarball,
    printed: built.stdout,
    bun: works ? bun : null,
    async project() {
      const directory = join(root, `project-${++projects}`);
      await mkdir(directory);
      await cp(join(modules, "package.json"), join(directory, "package.json"));
      await symlink(join(modules, "node_modules"), join(directory, "node_modules"));
      for (const [file, text] of examples) await writeFile(join(directory, file), text);
      return directory;
    },
    async addTensorFlow(project) {
      const own = join(project, "node_modules");
      await rm(own);
      await mkdir(own);
      for (const name of await readdir(join(modules, "node_modules"))) {
        const path = join(modules, "node_modules", name);
        // Node looks for the packages that a package imports where the package itself is.
        if (name === "edgemore") await cp(path, join(own, name), { recursive: true });
        else await symlink(path, join(own, name));
      }
      await symlink(resolve("node_modules/@tensorflow"), join(own, "@tensorflow"));
    },
    remove: () => rm(root, { recursive: true }),
  };
}

/** Installs packages; returns whether npm could reach its registry. */
async function install(directory: string, packages: string[]): Promise<boolean> {
  const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"];
  const { code, stderr } = await startProgram("npm", [
    "install",
    "--prefix",
    directory,
    ...flags,
    ...packages,
  ]).ended;
  if (code === 0) return true;
  if (UNREACHABLE.test(stderr)) return false;
  throw new Error(`Cannot install ${packages.join(" ")}: ${stderr}`);
}

/** The code of the package's README that says in its first line which file it is, by the file's name. */
async function readExamples(): Promise<Map<string, string>> {
  const text = await readFile("package/README.md", "utf8");
  const blocks = text.matchAll(/^```\w+\n(?:\/\/|#) (\S+\.\w+)\n(.*?)^```$/gms);
  return new Map(Array.from(blocks, ([, file, code]) => [file, code]));
}

/** The lines of a code block of the README that have no file's name, after a heading. */
export async function readCommands(heading: string): Promise<string[]> {
  const text = await readFile("package/README.md", "utf8");
  const [, block] = RegExp(`^## ${heading}\n.*?^\`\`\`sh\n(.*?)^\`\`\`$`, "ms").exec(text)!;
  return block.trim().split("\n");
}
