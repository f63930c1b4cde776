import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** Debian's Python is where python3-onnx goes; another one may come first in the path. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import onnx"]).status === 0);
if (!python) console.warn("SKIPPED: onnx.checker on the committed models. Install python3-onnx to run it.");

describe("the committed models", () => {
  const files = readdirSync("models").filter((file) => file.endsWith(".onnx"));

  test.skipIf(!python).each(files)("%s passes onnx.checker", (file) => {
    const check = "import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)";
    const { status, stderr } = spawnSync(python!, ["-c", check, `models/${file}`], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});
