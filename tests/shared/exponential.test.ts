import { expect, test } from "vitest";
import { exponential } from "../../shared/exponential.ts";

test("exponential is e^x for x <= 0", () => {
  for (let x = 0; x > -100; x -= 0.0137) {
    expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-11);
  }
  expect(exponential(0)).toBe(1);
  expect([exponential(-111), exponential(-1000), exponential(-Infinity)]).toEqual([0, 0, 0]);
});

// The last bit can decide which character a seed draws. Math.exp differs from these values in the last bit for seven of
// ten arguments.
test.each([
  [-0.34, 0.7117703227570917],
  [-1, 0.36787944117045024],
  [-2.25, 0.10539922456186362],
  [-7.125, 0.0008047330101245938],
  [-30.3, 6.932297597586396e-14],
  [-80.9, 7.337978146386385e-36],
])("exponential(%d) is exactly %d", (x, expected) => {
  expect(exponential(x)).toBe(expected);
});

test("the values of exponential from 0 to -31 have this hash", () => {
  const values = Float64Array.from({ length: 4000 }, (_, i) => exponential(-i / 128));
  // FNV-1a over 64-bit words.
  const hash = new BigUint64Array(values.buffer).reduce(
    (sum, word) => BigInt.asUintN(64, (sum ^ word) * 0x100000001b3n),
    0xcbf29ce484222325n,
  );
  expect(hash).toBe(6293546638482558527n);
});
