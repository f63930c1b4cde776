/* Loaded before the server, to see what it does on a version of Deno without the function that it needs. */
const internal = Reflect.get(Deno, Reflect.get(Deno, "internal"));
if (!Reflect.deleteProperty(internal, "serveHttpOnConnection")) throw new Error("It cannot be removed");
