/*
 * Bundles the page into dist/, which any web server can serve as it is. With --serve it also serves it, for development.
 */
import { build, context } from "esbuild";

const options = {
  entryPoints: ["index.html", "main.js"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2023",
  external: ["node:*"],
  loader: { ".html": "copy", ".onnx": "file", ".wasm": "file" },
};

await build(options);
if (process.argv.includes("--serve")) {
  const server = await (await context(options)).serve({
    host: "127.0.0.1",
    port: Number(process.env.PORT ?? 8080),
    servedir: "dist",
  });
  console.log(`http://127.0.0.1:${server.port}`);
}
