import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { startDeno } from "../processes.ts";
import { type DenoServer, SERVER_ARGS, startDenoProgram } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** Starts two servers at the same address. */
async function startTwo(environment: Record<string, string> = {}): Promise<[DenoServer, DenoServer]> {
  const shared = { EDGEMORE_SHARE_PORT: "true", ...environment };
  const first = await startDenoProgram(shared);
  const { port } = new URL(first.address);
  return [first, await startDenoProgram({ ...shared, PORT: port })];
}

/** Requests a path on a new connection. Returns the status, and which process has answered. */
async function ask(address: string, path: string): Promise<{ status: number; by: string }> {
  const response = await fetch(address + path, { headers: { connection: "close" } });
  await response.body?.cancel();
  const [by] = response.headers.get("x-request-id")!.split("-");
  return { status: response.status, by };
}

/** Requests a path until both processes have answered with a status. Returns all statuses. */
async function askBoth(address: string, path: string, wanted: number): Promise<number[]> {
  const statuses: number[] = [];
  for (const answered = new Set<string>(); answered.size < 2;) {
    const { status, by } = await ask(address, path);
    statuses.push(status);
    if (status === wanted) answered.add(by);
  }
  return statuses;
}

describe.skipIf(process.platform !== "linux")("EDGEMORE_SHARE_PORT", () => {
  test("lets two processes answer; when one has ended, the other answers alone", async () => {
    const [first, second] = await startTwo();
    expect(second.address).toBe(first.address);
    await askBoth(first.address, "/score?name=andrej", 200);
    first.program.signal("SIGTERM");
    expect((await first.program.ended).code).toBe(0);
    const answers = [];
    for (let i = 0; i < 50; i++) answers.push(await ask(first.address, "/score?name=andrej"));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ by }) => by)).size).toBe(1);
    second.program.signal("SIGTERM");
    expect((await second.program.ended).code).toBe(0);
  });

  test("each counts a client's requests by itself", async () => {
    const [{ address }] = await startTwo({ EDGEMORE_RATE_LIMIT: "1/99999s" });
    const statuses = await askBoth(address, "/models", 429);
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
  });

  test("each follows the directory of models", async () => {
    const models = await temporaryDirectory();
    const copy = async (name: string) => {
      for (const file of await readdir("models")) {
        if (file.startsWith(name)) await cp(join("models", file), join(models, file));
      }
    };
    await copy("mlp");
    const [{ address }] = await startTwo({ EDGEMORE_MODELS: models, EDGEMORE_MODEL_REFRESH: "0.1" });
    await askBoth(address, "/score?name=andrej&model=bigram", 404);
    await copy("bigram");
    expect(await askBoth(address, "/score?name=andrej&model=bigram", 200)).toContain(200);
  });

  test("without it, a process does not listen where another does", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_SHARE_PORT: "true" });
    const other = startDeno(SERVER_ARGS, { PORT: new URL(address).port });
    onTestFinished(() => other.signal("SIGKILL"));
    const { code, stderr } = await other.ended;
    expect(code).toBe(1);
    expect(stderr).toContain("the port is in use");
  });
});
