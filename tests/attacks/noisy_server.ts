import "../../functions/runtimes/deno.ts";

/* The server, printing many errors, to see what becomes of it when nobody reads them. */
setInterval(() => console.error("x".repeat(10_000)), 5);
