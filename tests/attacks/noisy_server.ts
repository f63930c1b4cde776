import "../../functions/runtimes/deno.ts";

/* The server with a standard error that is never quiet; see log.test.ts. */
setInterval(() => console.error("x".repeat(10_000)), 5);
