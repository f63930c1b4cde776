import { beforeAll, describe, expect, test } from "vitest";
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
    const { address, printed } = servers.get(runtime)!;
    const ask = (seed: number, id: string, signal?: AbortSignal) =>
      fetch(`${address}${slow}&seed=${seed}`, {
        headers: { accept: "text/event-stream", "x-request-id": id },
        signal,
      });
    const leave = new AbortController();
    const events = serverSentEvents((await ask(1, "leaves", leave.signal)).body!);
    await events.next();
    leave.abort();
    // As much work, begun later: when it is done, what went on for nobody would be done as well.
    const stays = await ask(2, "stays");
    let last: unknown;
    for await (const event of serverSentEvents(stays.body!)) last = event;
    expect(last).toMatchObject({ event: "end", data: { count: 125 } });
    const line = /"id":"stays",.*"names":125\}/;
    const log = (await printed(line)).input;
    const left = /"id":"leaves",.*"names":(\d+)\}/.exec(log);
    // workerd ends the Worker's request when its client is gone, so that it writes no line.
    if (runtime === "deno" || left !== null) expect(Number(left?.[1])).toBeLessThan(125);
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
