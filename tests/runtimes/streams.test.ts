import { beforeAll, describe, expect, test } from "vitest";
import { cpuSeconds } from "../cpu_seconds.ts";
import { type Server, startServer } from "../processes.ts";
import { serverSentEvents } from "../server_sent_events.ts";

/** The real servers, by runtime. */
const servers = new Map<string, Server>();

beforeAll(async () => {
  const [deno, workerd] = await Promise.all([
    startServer(["start"], /answers at (http:\S+)/, { PORT: "0" }),
    startServer(["worker", "--port", "0"], /Ready on (http:\S+)/),
  ]);
  servers.set("deno", deno).set("workerd", workerd);
  return async () => void await Promise.all([deno.end(), workerd.end()]);
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.each(["deno", "workerd"])("%s", (runtime) => {
  /** Names that take some seconds: each character waits for a run of its own, for its context is new. */
  const slow = "/generate?compat=torch&n=125&min_length=256&max_length=256&temperature=5";

  test("sends names while it makes others", async () => {
    const leave = new AbortController();
    const { body } = await fetch(servers.get(runtime)!.address + slow, {
      headers: { accept: "text/event-stream" },
      signal: leave.signal,
    });
    const first = await serverSentEvents(body!).next();
    expect(first.value).toMatchObject({
      event: "name",
      data: { name: expect.stringMatching(/^[a-z]{256}$/) },
    });
    leave.abort();
  });

  test("stops making names when the client goes away", async () => {
    const { address, pid } = servers.get(runtime)!;
    const leave = new AbortController();
    const { body } = await fetch(address + slow, {
      headers: { accept: "text/event-stream" },
      signal: leave.signal,
    });
    const events = serverSentEvents(body!);
    await events.next();
    const begun = cpuSeconds(pid);
    await pause(1000);
    const working = cpuSeconds(pid) - begun;
    leave.abort();
    await pause(500);
    const left = cpuSeconds(pid);
    await pause(1000);
    // Seconds of the processor, not of the clock: a machine that is busy with other things makes both smaller.
    expect(cpuSeconds(pid) - left).toBeLessThanOrEqual(Math.max(0.3, working / 2));
  });

  test("answers lines while others are still to come", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const lines = writable.getWriter();
    const answer = fetch(`${servers.get(runtime)!.address}/score?characters=false`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: readable,
    });
    const send = (text: string) => lines.write(new TextEncoder().encode(text));
    void send("ada\nbo");
    const reader = (await answer).body!.pipeThrough(new TextDecoderStream()).getReader();
    const nextLine = async () => {
      let text = "";
      while (!text.endsWith("\n")) text += (await reader.read()).value;
      return JSON.parse(text);
    };
    expect(await nextLine()).toMatchObject({ model: "tuned", name: "ada" });
    void send("b\n");
    expect(await nextLine()).toMatchObject({ model: "tuned", name: "bob" });
    await lines.close();
    expect((await reader.read()).done).toBe(true);
  });
});
