import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectValidFile, expectValidOnnx, HAS_ONNX_CHECKER } from "./onnx_checker.ts";

describe("the committed models", () => {
  const files = readdirSync("models").filter((file) => file.endsWith(".onnx"));

  test.skipIf(!HAS_ONNX_CHECKER).each(files)("%s passes onnx.checker", (file) => {
    expectValidFile(`models/${file}`);
  });
});

test.skipIf(!HAS_ONNX_CHECKER)("a file that is no model does not pass onnx.checker", async () => {
  await expect(expectValidOnnx(Uint8Array.of(1, 2, 3))).rejects.toThrow();
});
