import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import process from "node:process";
import { badModel, writeModels } from "../attacks/bad_models.ts";
import { startDeno, startProgram } from "../processes.ts";
import { SERVER_ARGS, waitForModels } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** Resolves when no server accepts connections at an address any more. */
async function waitUntilRefused(address: string): Promise<void> {
  while (
    await fetch(`${address}/health`, { headers: { connection: "close" } }).then(() => true, () => false)
  ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("deno task start", () => {
  test.each(["http", "70000", "-1", "80.5"])("rejects PORT=%s", async (PORT) => {
    const { code, stderr } = await startDeno(["task", "start"], { PORT }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`error: PORT must be a whole number from 0 to 65535, got "${PORT}"`);
  });

  test("reports that the port is in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const PORT = String((other.address() as AddressInfo).port);
    const { code, stderr } = await startDeno(["task", "start"], { PORT }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`error: cannot listen at 127.0.0.1:${PORT}: the port is in use`);
  });

  test("listens at HOST and PORT, and ends at SIGTERM", async () => {
    const server = startDeno(["task", "start"], { HOST: "127.0.0.2", PORT: "0" });
    onTestFinished(() => server.signal("SIGTERM"));
    const [, address] = await server.printed(/answers at (http:\S+)/);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/);
    await waitForModels(address);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    server.signal("SIGTERM");
    await server.ended;
    await expect(fetch(`${address}/health`)).rejects.toThrow();
  });

  test("warns that there are no models", async () => {
    const directory = await temporaryDirectory();
    const server = startDeno(SERVER_ARGS, { PORT: "0", EDGEMORE_MODELS: directory });
    onTestFinished(() => server.signal("SIGTERM"));
    await server.printed(/answers at (http:\S+)/);
    server.signal("SIGTERM");
    expect((await server.ended).stderr).toContain(
      `warning: there are no models in ${directory}; deno task train makes one`,
    );
  });

  test("prints its command and its address, and nothing else", async () => {
    const server = startDeno(["task", "start"], { PORT: "0" });
    onTestFinished(() => server.signal("SIGTERM"));
    const [, address] = await server.printed(/answers at (http:\S+)/);
    await waitForModels(address);
    server.signal("SIGTERM");
    const { stdout, stderr } = await server.ended;
    expect(stdout.split("\n").filter((line) => !line.startsWith("{"))).toEqual([
      `edgemore answers at ${address}`,
      "",
    ]);
    expect(stderr).toMatch(/^Task start deno task .*\n$/);
  });

  test.skipIf(process.platform !== "linux")("on a terminal, prints a readable log, if at all", async () => {
    const command = [process.execPath, ...SERVER_ARGS].join(" ");
    for (const [EDGEMORE_LOG, logged] of [["", false], ["requests", true]] as const) {
      const terminal = startProgram("script", ["-qefc", command, "/dev/null"], { PORT: "0", EDGEMORE_LOG });
      onTestFinished(() => terminal.signal("SIGTERM"));
      const [, address] = await terminal.printed(/answers at (http:\S+)/);
      await waitForModels(address); // it requests /health
      if (logged) await terminal.printed(/\d\d:\d\d:\d\d +200 +GET \/health +\d+\.\d ms/);
      terminal.signal("SIGTERM");
      const { stdout } = await terminal.ended;
      expect(stdout.includes("GET")).toBe(logged);
      expect(stdout).not.toContain("{");
    }
  });

  test.skipIf(process.platform !== "linux")(
    "on a terminal, does not wait for a model that never opens",
    async () => {
      const models = await temporaryDirectory();
      await writeModels(models, [await badModel("endless")]);
      const command = [process.execPath, ...SERVER_ARGS].join(" ");
      const terminal = startProgram("script", ["-qefc", command, "/dev/null"], {
        PORT: "0",
        EDGEMORE_MODELS: models,
        EDGEMORE_MODEL_TIMEOUT: "3600",
      });
      onTestFinished(() => terminal.signal("SIGTERM"));
      const [, address] = await terminal.printed(/answers at (http:\S+)/);
      expect((await fetch(`${address}/health`)).status).toBe(503);
    },
  );

  test.each(["SIGTERM", "SIGINT"] as const)(
    "at %s, finishes the requests in progress, writes its log and exits with 0",
    async (signal) => {
      const server = startDeno([
        "run",
        "--allow-net",
        "--allow-read=.",
        "--allow-env",
        "functions/runtimes/deno.ts",
      ], {
        PORT: "0",
      });
      onTestFinished(() => server.signal("SIGTERM"));
      const [, address] = await server.printed(/answers at (http:\S+)/);
      await waitForModels(address);
      await (await fetch(`${address}/health`, { headers: { "x-request-id": "first" } })).text();
      // The answer to the first line shows that the request is in progress. The second line is sent after the signal.
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const lines = writable.getWriter();
      const send = (text: string) => lines.write(new TextEncoder().encode(text));
      void send("ada\n");
      const answer = await fetch(`${address}/score?characters=false`, {
        method: "POST",
        headers: { "content-type": "text/plain", "x-request-id": "under-way" },
        body: readable,
      });
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toContain('"name":"ada"');
      server.signal(signal);
      server.signal(signal); // a terminal and the task runner may each send the signal
      await waitUntilRefused(address); // the server has received the signal
      void send("bob\n").then(() => lines.close());
      expect((await reader.read()).value).toContain('"name":"bob"');
      expect((await reader.read()).done).toBe(true);
      const { code, stdout } = await server.ended;
      expect(code).toBe(0);
      const ids = stdout.split("\n").filter((line) => line.startsWith("{")).map((line) =>
        JSON.parse(line).id
      );
      expect(ids.filter((id) => id === "first" || id === "under-way")).toEqual(["first", "under-way"]);
      await expect(fetch(`${address}/health`)).rejects.toThrow();
    },
  );

  test("reads its settings from the environment, and rejects an invalid one", async () => {
    const closed = startDeno(["task", "start"], {
      PORT: "0",
      EDGEMORE_TOKEN: "abc",
      EDGEMORE_RATE_LIMIT: "2/60s",
      EDGEMORE_LOG: "off",
    });
    onTestFinished(() => closed.signal("SIGTERM"));
    const [, address] = await closed.printed(/answers at (http:\S+)/);
    await waitForModels(address);
    const ask = async (authorization: string) =>
      (await fetch(`${address}/score?name=a`, { headers: { authorization } })).status;
    expect([await ask("Bearer abd"), await ask("Bearer abc"), await ask("Bearer abc")]).toEqual([
      401,
      200,
      429,
    ]);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    closed.signal("SIGTERM");
    expect((await closed.ended).stdout).not.toContain('"id"');
    const { code, stderr } = await startDeno(["task", "start"], { EDGEMORE_RATE_LIMIT: "often" }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('error: EDGEMORE_RATE_LIMIT must be "off", or requests and seconds');
  });
});
