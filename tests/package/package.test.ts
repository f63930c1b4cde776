import { copyFile, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { publint } from "publint";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import { type Ended, type Program, startDeno, startProgram, startServer } from "../processes.ts";
import { openConnection, waitForModels } from "../servers.ts";
import { describeExamples } from "./examples.ts";
import { type InstalledPackage, installPackage, readCommands } from "./fresh_project.ts";

/*
 * The package as its users have it: built, packed, installed by npm into fresh projects. What runs there are the examples of its
 * README.
 */

const installed = await installPackage();
afterAll(() => installed?.remove());

/** What names.js prints; the page prints the first three names. */
const NAMES = `enner 6.5
tresside 6.0
deon 7.6
andrej: perplexity 5.0, above 77% of real names
after an: a in 21%
zuheal
`;

/** Runs a program in a project. */
function run(project: string, command: string, args: string[], environment = {}): Program {
  const program = startProgram("env", ["--chdir", project, command, ...args], environment);
  onTestFinished(() => program.signal("SIGTERM"));
  return program;
}

function node(project: string, ...args: string[]): Program {
  return run(project, "node", args);
}

/** Runs a file with Deno, which is given no more than it needs. */
function deno(project: string, ...args: string[]): Program {
  return run(project, process.execPath, ["run", "--no-lock", "--node-modules-dir=manual", ...args]);
}

/** The path of a program of this project's node_modules. */
function tool(path: string): string {
  return join(process.cwd(), "node_modules", path);
}

function success(stdout: string | RegExp): object {
  return { code: 0, stdout: stdout instanceof RegExp ? expect.stringMatching(stdout) : stdout };
}

/** A list for the examples that train. */
async function writeTowns(project: string): Promise<void> {
  const towns = await readFile("trainer/data/french-communes-2026.txt", "utf8");
  await writeFile(join(project, "towns.txt"), towns.split("\n").slice(0, 2000).join("\n"));
}

describe.skipIf(installed === null)("the package", () => {
  const { project, addTensorFlow, directory, tarball, printed, bun } = installed ?? ({} as InstalledPackage);

  test("is small, and the build says how small each entry is", () => {
    const sizes = Object.fromEntries(
      printed.matchAll(/^(edgemore\S*) .*compressed ([\d.]+) kB$/gm).map((
        [, name, size],
      ) => [name, Number(size)]),
    );
    expect(Object.keys(sizes)).toEqual([
      "edgemore",
      "edgemore/hono",
      "edgemore/cloudflare",
      "edgemore/train",
    ]);
    expect(sizes.edgemore).toBeLessThan(45);
    for (const size of Object.values(sizes)) expect(size).toBeLessThan(90);
  });

  test("passes publint", async () => {
    const { messages } = await publint({ pkgDir: directory, strict: true, pack: false });
    expect(messages).toEqual([]);
  });

  test("passes @arethetypeswrong/cli as an ES module", async () => {
    const attw = tool("@arethetypeswrong/cli/dist/index.js");
    const { code, stdout } = await node(".", attw, tarball, "--profile", "esm-only").ended;
    expect(code, stdout).toBe(0);
  });

  describe("Node", () => {
    test("samples, scores and streams", async () => {
      expect(await node(await project(), "names.js").ended).toMatchObject(success(NAMES));
    });

    test("mounts the routes in another application, for a typed client", async () => {
      const directory = await project();
      const server = run(directory, "node", ["server.js"], { PORT: "0" });
      const [, address] = await server.printed(/(http:\S+)\/generate/);
      await waitForModels(address);
      const answer = await (await fetch(`${address}/generate?n=1&seed=42`)).json();
      expect(answer).toMatchObject({ model: "gru", names: [{ name: "jaleah" }] });
      expect(await (await fetch(new URL("/", address))).text()).toBe("My application");
      const client = await readFile(join(directory, "client.ts"), "utf8");
      await writeFile(join(directory, "client.ts"), client.replace("http://127.0.0.1:3000/names", address));
      expect(await deno(directory, "--allow-net", "client.ts").ended).toMatchObject(success(/^5\.0268/));
    });

    test("knows a model of one entry in another", async () => {
      const directory = await project();
      await writeFile(
        join(directory, "mounted.js"),
        `import { Model, openModel, readModel } from "edgemore";
import { edgemore } from "edgemore/hono";
const model = await openModel(await readModel("node_modules/edgemore/models", "gru"));
const app = edgemore({ models: [model] });
console.log(model instanceof Model, (await (await app.request("/health")).json()).status);`,
      );
      expect(await node(directory, "mounted.js").ended).toMatchObject(success("true ok\n"));
    });

    test("trains, and writes a model that the command reads", async () => {
      const directory = await project();
      await writeTowns(directory);
      const trained = await node(directory, "train.js").ended;
      expect(trained).toMatchObject(success(/^NLL 2\.\d+ on the towns/m));
      const evaluated = await node(directory, "node_modules/.bin/edgemore", "evaluate", "towns").ended;
      expect(evaluated).toMatchObject(success(/^dev +NLL 2\.\d+ .*\(200 towns/m));
    });

    test("trains with TensorFlow.js where that is needed, and says so where it is missing", async () => {
      const directory = await project();
      await writeFile(
        join(directory, "backends.js"),
        `import { train } from "edgemore/train";
const list = Array.from({ length: 20 }, (_, i) => "town" + i);
for (const backend of ["fused", "tensorflow"]) {
  const { card } = await train({ list, steps: 3, backend });
  console.log(card.training.backend, card.nll.dev.toFixed(3));
}`,
      );
      const without = await node(directory, "backends.js").ended;
      const [, nll] = /^fused (\d\.\d+)\n$/.exec(without.stdout)!;
      expect(without.code).toBe(1);
      expect(without.stderr).toContain("npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm");
      await addTensorFlow(directory);
      const having = await node(directory, "backends.js").ended;
      expect(having).toMatchObject(success(`fused ${nll}\ntensorflow ${nll}\n`));
    });
  });

  describe("the command", () => {
    test("does what the README shows", async () => {
      const directory = await project();
      await writeTowns(directory);
      const commands = (await readCommands("The command")).map((line) =>
        line.replace(/^npx edgemore /, "").split(" ")
      );
      expect(commands.map(([name]) => name)).toEqual(["train", "sample", "score", "evaluate", "serve"]);
      const outputs: Ended[] = [];
      for (const args of commands.slice(0, 4)) {
        outputs.push(await node(directory, "node_modules/.bin/edgemore", ...args).ended);
      }
      expect(outputs).toMatchObject([
        success(/towns-\w+\.onnx: \d+ parameters, .*\n\nNext:\n.*edgemore sample towns\n/s),
        success(/^5 towns from towns, seed 42\n/),
        success(/^(\{"model":"towns","name":".*\n){2000}$/),
        success(/^train +NLL .*\ndev +NLL .*\ntest +NLL .*\n$/),
      ]);
      const serve = ["node_modules/.bin/edgemore", "serve", "--port", "0"];
      const server = run(directory, "node", serve, { EDGEMORE_TOKEN: "secret" });
      const [, address] = await server.printed(/answers at (http:\S+)/);
      const generate = (headers: HeadersInit) => fetch(`${address}/generate?n=2&seed=1`, { headers });
      expect((await generate({})).status).toBe(401);
      const names = await (await generate({ authorization: "Bearer secret" })).json();
      expect(names).toMatchObject({ model: "towns", names: [{}, {}] });
      expect((await server.printed(/"path":"\/generate","status":200/))[0]).toContain("200");
      server.signal("SIGTERM");
      expect((await server.ended).code).toBe(0);
    });

    test("serves with limits on connections, headers and idle clients", async () => {
      const models = join("node_modules", "edgemore", "models");
      const server = run(
        await project(),
        "node",
        ["node_modules/.bin/edgemore", "serve", "--port", "0", "--models", models],
        { EDGEMORE_HEADER_TIMEOUT: "1", EDGEMORE_IDLE_TIMEOUT: "1", EDGEMORE_MAX_CONNECTIONS: "2" },
      );
      const [, address] = await server.printed(/answers at (http:\S+)/);
      const [silent, idle] = [await openConnection(address), await openConnection(address)];
      const third = await openConnection(address);
      third.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
      expect(await third.closed).toBe(""); // refused, and soon
      idle.send("GET /models HTTP/1.1\r\nhost: x\r\n\r\n");
      await silent.closed;
      expect(await idle.closed).toContain("HTTP/1.1 200 OK");
    });

    test("closes the connection of a client that neither reads nor sends", async () => {
      const models = join("node_modules", "edgemore", "models");
      const server = run(
        await project(),
        "node",
        ["node_modules/.bin/edgemore", "serve", "--port", "0", "--models", models],
        { EDGEMORE_SEND_TIMEOUT: "1", EDGEMORE_BODY_TIMEOUT: "86400" },
      );
      const [, address] = await server.printed(/answers at (http:\S+)/);
      await waitForModels(address);
      const stuck = await openConnection(address);
      stuck.send(
        "POST /score HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 99\r\n\r\nada\n",
      );
      await stuck.closed;
      expect((await fetch(`${address}/health`)).status).toBe(200);
    });

    test("says what to do where there are no models", async () => {
      const { code, stderr } = await node(await project(), "node_modules/.bin/edgemore", "serve").ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^error: Cannot serve the models in models: there is no such directory\.\nTo train one: /,
      );
      const [, included] = /serve --models (\S+)\n$/.exec(stderr)!;
      expect(await readdir(included)).toContain("gru.onnx");
    });

    test.each(["train", "sample", "score", "evaluate", "serve"])("%s --help names itself", async (name) => {
      const { code, stdout } = await node(await project(), "node_modules/.bin/edgemore", name, "--help")
        .ended;
      expect({ code, examples: stdout.match(RegExp(`edgemore ${name}`, "g"))!.length > 1 }).toEqual({
        code: 0,
        examples: true,
      });
      expect(stdout).not.toContain("deno");
    });
  });

  describe("Deno", () => {
    test("samples, scores and streams", async () => {
      expect(await deno(await project(), "--allow-read", "names.js").ended).toMatchObject(success(NAMES));
    });

    test("trains the bytes that deno task train writes", async () => {
      const directory = await project();
      await writeTowns(directory);
      expect((await deno(directory, "--allow-read", "--allow-write", "train.js").ended).code).toBe(0);
      const example = await readFile(join(directory, "train.js"), "utf8");
      expect(example).toContain("steps: 200");
      const [data, out] = [join(directory, "towns.txt"), join(directory, "out")];
      const task = await startDeno([
        ...[
          "run",
          "--allow-all",
          "trainer/main.ts",
          "train",
          "--data",
          data,
          "--name",
          "towns",
          "--out",
          out,
        ],
        ...[
          "--architecture",
          "gru",
          "--hidden",
          "64",
          "--optimizer",
          "adamw",
          "--lr",
          "0.003",
          "--steps",
          "200",
        ],
        ...["--checkpoints", out],
      ]).ended;
      expect(task.code).toBe(0);
      const [onnx] = (await readdir(out)).filter((file) => file.endsWith(".onnx"));
      const bytes = await readFile(join(directory, "models/towns.onnx"));
      expect(bytes.equals(await readFile(join(out, onnx)))).toBe(true);
    });
  });

  test.skipIf(!bun)("Bun samples, scores and streams", async () => {
    expect(await run(await project(), bun!, ["names.js"]).ended).toMatchObject(success(NAMES));
  });
  if (!bun) console.warn("SKIPPED: the package on Bun. npm has no Bun for this machine.");

  test("a Worker serves the model", async () => {
    const directory = await project();
    const command = `wrangler dev --config ${directory}/wrangler.toml --port 0 --ip 127.0.0.1`;
    const { address, end } = await startServer(["--eval", command], /Ready on (http:\S+)/);
    onTestFinished(end);
    expect(await (await fetch(`${address}/generate?n=1&seed=42`)).json()).toMatchObject({
      model: "gru",
      names: [{ name: "jaleah" }],
    });
    expect(await (await fetch(`${address}/health`)).json()).toMatchObject({
      status: "ok",
      runtime: "workerd",
    });
  });

  describeExamples(project);

  describeWithBrowser("a browser", () => {
    test("runs what a bundler makes", async () => {
      const directory = await project();
      const [bundle] = await readCommands("Browsers");
      const args = bundle.replace(/^npx esbuild /, "").split(" ");
      expect((await run(directory, tool(".bin/esbuild"), args).ended).code).toBe(0);
      const files = join(directory, "public");
      await copyFile(
        join(directory, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"),
        join(files, "ort-wasm-simd-threaded.wasm"),
      );
      for (const file of ["gru.json", "gru.onnx"]) {
        await copyFile(join(directory, "node_modules/edgemore/models", file), join(files, file));
      }
      await writeFile(
        join(files, "index.html"),
        '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="page.js"></script>',
      );
      const browser = await startBrowser("none");
      onTestFinished(() => browser.close());
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.route(
        "http://localhost/**",
        (route) => route.fulfill({ path: join(files, new URL(route.request().url()).pathname) }),
      );
      await page.goto("http://localhost/index.html");
      await expect.poll(() => page.textContent("body"), { timeout: 30_000 }).toBe("enner tresside deon");
      expect(errors).toEqual([]);
    });
  });

  test.each(["bundler", "nodenext"])("its types hold under moduleResolution %s", async (moduleResolution) => {
    const directory = await project();
    const examples = [
      "names",
      "server",
      "train",
      ...(moduleResolution === "bundler" ? ["page", "worker"] : []),
    ];
    for (const name of examples) await rename(join(directory, `${name}.js`), join(directory, `${name}.ts`));
    await writeFile(
      join(directory, "environment.d.ts"),
      'declare module "cloudflare:workers" { export const env: { EDGEMORE_TOKEN?: string }; export function waitUntil(promise: Promise<unknown>): void; }',
    );
    // What is not allowed is an error, so the declarations are not `any`.
    await writeFile(
      join(directory, "wrong.ts"),
      `import { type Model, openModel } from "edgemore";
import { train } from "edgemore/train";
export async function wrong(model: Model): Promise<void> {
  // @ts-expect-error
  await model.sample({ n: "3" });
  // @ts-expect-error
  await openModel({ card: "" });
  // @ts-expect-error
  await train({ list: "", optimizer: "adagrad" });
}`,
    );
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "es2023",
      lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
      module: moduleResolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution,
      resolveJsonModule: true,
      types: ["node"],
      skipLibCheck: moduleResolution === "nodenext", // the declarations themselves are checked once
    };
    await writeFile(
      join(directory, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["*.ts"] }),
    );
    const checked = await node(directory, tool("typescript/bin/tsc"), "--project", directory).ended;
    expect(checked).toMatchObject(success(""));
  }, 300_000);
});
