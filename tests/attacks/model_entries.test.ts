import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDeno } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";
import { startDenoServer, waitForModels } from "../servers.ts";

/** A directory of valid models and invalid entries. Beside the directory is a file that must not be served. */
async function models(): Promise<string> {
  const outside = await temporaryDirectory();
  const directory = join(outside, "models");
  await cp("models", directory, { recursive: true });
  await writeFile(join(outside, "secret.json"), '{"name":"TOP-SECRET"}');
  await symlink("../secret.json", join(directory, "a-outside.json"));
  await symlink("nowhere", join(directory, "a-dangling.json"));
  await symlink("/dev/zero", join(directory, "a-device.json"));
  await mkdir(join(directory, "a-directory.json"));
  spawnSync("mkfifo", [join(directory, "a-pipe.json")]);
  await writeFile(join(directory, "a-text.json"), "{");
  return directory;
}

test("the Deno server serves the valid models, and nothing from outside their directory", async () => {
  const server = await startDenoServer({ EDGEMORE_MODELS: await models() });
  onTestFinished(server.end);
  await waitForModels(server.address);
  for (const model of ["bigram", "gru", "mlp", "towns", "transformer"]) {
    const response = await fetch(`${server.address}/score?name=andrej&model=${model}`);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
  for (const path of ["/health", "/models", "/models/a-outside"]) {
    expect(await (await fetch(server.address + path)).text()).not.toContain("TOP-SECRET");
  }
});

test("the Worker contains the valid models, and its build warns about the other entries", async () => {
  const [directory, out] = [await models(), await temporaryDirectory()];
  const permissions = [
    "--allow-read",
    `--allow-write=${out}`,
    "--allow-env=EDGEMORE_MODELS,EDGEMORE_MODEL_TIMEOUT",
  ];
  const { code, stdout, stderr } = await startDeno(
    ["run", ...permissions, "scripts/build_worker.ts", out],
    { EDGEMORE_MODELS: directory },
  ).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: "worker.ts: bigram, gru, mlp, towns, transformer\n" });
  for (
    const [name, reason] of [
      ["a-outside", "a-outside.json is a link out of the directory of models"],
      ["a-dangling", "a-dangling.json is a link that leads nowhere"],
      ["a-device", "a-device.json is a link out of the directory of models"],
      ["a-directory", "a-directory.json is not a regular file"],
      ["a-pipe", "a-pipe.json is not a regular file"],
    ]
  ) expect(stderr).toContain(`warning: model ${name} is left out: ${reason}`);
  expect(stderr).toContain("warning: model a-text is left out: Cannot read a model card: it is not JSON");
  expect(stderr + await readFile(join(out, "worker.ts"), "utf8")).not.toContain("TOP-SECRET");
});
