/* Preloaded before the server, to test it on a Deno without serveHttpOnConnection. */
const internal = Reflect.get(Deno, Reflect.get(Deno, "internal"));
if (!Reflect.deleteProperty(internal, "serveHttpOnConnection")) throw new Error("It cannot be removed");
