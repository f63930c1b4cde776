import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { startDeno } from "../processes.ts";

describe("deno task start", () => {
  test.each(["http", "70000", "-1", "80.5"])("refuses PORT=%s", async (PORT) => {
    const { code, stderr } = await startDeno(["task", "start"], { PORT }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`error: PORT must be a whole number from 0 to 65535, got "${PORT}"`);
  });

  test("says so where the port is in use", async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void squatter.close());
    const PORT = String((squatter.address() as AddressInfo).port);
    const { code, stderr } = await startDeno(["task", "start"], { PORT }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`error: cannot listen at 127.0.0.1:${PORT}: the port is in use`);
  });

  test("listens where HOST and PORT say, and ends when it is told to", async () => {
    const server = startDeno(["task", "start"], { HOST: "127.0.0.2", PORT: "0" });
    onTestFinished(() => server.signal("SIGTERM"));
    const [, address] = await server.printed(/answers at (http:\S+)/);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    server.signal("SIGTERM");
    await server.ended;
    await expect(fetch(`${address}/health`)).rejects.toThrow();
  });
});
