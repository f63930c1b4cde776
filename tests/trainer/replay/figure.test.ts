import { describe, expect, test } from "vitest";
import { among, close, exact, near, printed } from "../../../trainer/replay/figure.ts";

describe("figures agree", () => {
  test("exactly, where they are names or counts", () => {
    expect(exact("names", ["emma", "ava"], ["emma", "ava"]).agrees).toBe(true);
    expect(exact("names", ["emma", "ava"], ["emma", "eva"]).agrees).toBe(false);
    expect(exact("targets", [1, 2], Int32Array.of(1, 2)).agrees).toBe(true);
    expect(exact("targets", [1, 2], Int32Array.of(1, 2, 3)).agrees).toBe(false);
    expect(exact("nll", Infinity, Infinity).agrees).toBe(true);
  });

  test("to 1e-5 of their size", () => {
    expect(close("loss", 2.4901304, 2.490154).agrees).toBe(true);
    expect(close("loss", 2.4901304, 2.490156).agrees).toBe(false);
    expect(close("loss", 2.49, NaN).agrees).toBe(false);
  });

  test("to the decimals that are printed", () => {
    expect(printed("loss", 2.0816, 2.08165).agrees).toBe(true);
    expect(printed("loss", 2.0816, 2.0817).agrees).toBe(false);
    expect(printed("p", [0.1, 0.2], [0.1, 0.2002]).agrees).toBe(false);
    expect(printed("p", [0.1, 0.2], [0.1]).agrees).toBe(false);
    expect(printed("p", 0.25, 0.254, 2).agrees).toBe(true);
  });

  test("within a distance, and within the range of seeds, where nothing was seeded", () => {
    expect(near("loss", 2.5, 2.529, 0.03)).toMatchObject({ agrees: true, tolerance: "± 0.03" });
    expect(near("loss", 2.5, 2.531, 0.03).agrees).toBe(false);
    expect(among("loss", 2, [1, 3, 2.5])).toMatchObject({ agrees: true, ours: "1 … 3" });
    expect(among("loss", 4, [1, 3]).agrees).toBe(false);
  });
});
