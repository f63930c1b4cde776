import { describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";

/** Rounds to the four decimals that PyTorch prints. */
function printed(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Number(value.toFixed(4)));
}

/** The 100 draws that the bigram notebook prints for the normalised distribution of `rand(3)`, seed 2147483647. */
const NOTEBOOK_DRAWS = "11200211000110011001020010010001110110011101101102" +
  "00000000001100000000100100000001200000010020100111";

describe("TorchGenerator", () => {
  test("rand and multinomial with replacement give the numbers that the bigram notebook prints", () => {
    const generator = new TorchGenerator(2147483647);
    const p = generator.rand(3);
    expect(printed(p)).toEqual([0.7081, 0.3542, 0.1054]);
    const sum = p.reduce((a, b) => a + b);
    const normalised = p.map((value) => value / sum);
    expect(printed(normalised)).toEqual([0.6064, 0.3033, 0.0903]);
    const draws = generator.multinomialWithReplacement(normalised, 100);
    expect(draws.join("")).toBe(NOTEBOOK_DRAWS);
  });

  test("randn gives the weights with which the bigram notebook's network scores 'emma'", () => {
    const weights = new TorchGenerator(2147483647).randn(27 * 27);
    const nll = [[0, 5], [5, 13], [13, 13], [13, 1], [1, 0]].map(([before, after]) => {
      const logits = weights.subarray(27 * before, 27 * before + 27);
      return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[after];
    });
    const notebook = [
      4.399273872375488,
      4.014570713043213,
      3.623408794403076,
      2.6080665588378906,
      4.201204299926758,
    ];
    notebook.forEach((figure, i) => expect(Math.abs(nll[i] / figure - 1)).toBeLessThan(1e-6));
  });

  // The expected numbers below come from PyTorch 1.13.
  test("randn draws tensors of 16 or more values in blocks", () => {
    expect(printed(new TorchGenerator(42).randn(20))).toEqual([
      1.9269,
      1.4873,
      0.9007,
      -2.1055,
      -0.7581,
      1.0783,
      0.8008,
      1.6806,
      0.3559,
      -0.6866,
      -0.4934,
      0.2415,
      -0.2316,
      0.0418,
      -0.2516,
      0.8599,
      -0.3097,
      -0.3957,
      0.8034,
      -0.6216,
    ]);
  });

  test("randn draws smaller tensors in pairs, and starts the next tensor with the unused value of a pair", () => {
    const generator = new TorchGenerator(7);
    expect(Array.from(generator.randn(3))).toEqual(
      [-0.1467950940132141, 0.7861412763595581, 0.9468216300010681].map(Math.fround),
    );
    expect(printed(generator.randn(4))).toEqual([-1.1143, 1.6908, -0.8948, -0.3556]);
  });

  test("randint, multinomial and uniformDouble share one sequence", () => {
    const generator = new TorchGenerator(42);
    generator.randn(20);
    expect(Array.from(generator.randint(182625, 8))).toEqual(
      [84989, 69626, 21007, 114885, 97061, 166947, 111577, 87894],
    );
    const drawn = Array.from({ length: 30 }, () => generator.multinomial([0.1, 0.2, 0.3, 0.4]));
    expect(drawn.join("")).toBe("332331122223310122103123313302");
    expect(generator.uniformDouble()).toBe(0.3649300156929913);
    expect(generator.uniformDouble()).toBe(0.19878394512506903);
  });

  test("multinomial with replacement normalises its weights", () => {
    const draw = (n: number) => new TorchGenerator(42).multinomialWithReplacement([1, 0, 4, 2, 1], n);
    expect(Array.from(draw(20))).toEqual([0, 0, 0, 0, 2, 2, 4, 4, 0, 2, 2, 2, 3, 3, 2, 2, 0, 3, 2, 2]);
    expect(Array.from(draw(1))).toEqual([3]); // a single draw uses the algorithm without replacement
  });

  test.each([
    [15, [0.1373, 0.2405, 1.3955]],
    [16, [1.0128, 0.2304, 1.0902]],
    [17, [-1.3233, -1.3598, -0.8667]],
    [32, [0.6741, -1.3233, -1.3598]],
    [33, [0.5011, 0.26, -1.637]],
  ])("randn(%i) ends with PyTorch's numbers", (n, expected) => {
    expect(printed(new TorchGenerator(7).randn(n).slice(-3))).toEqual(expected);
  });

  test("multinomial never draws an index of weight 0", () => {
    const generator = new TorchGenerator(3);
    const drawn = new Set(Array.from({ length: 1000 }, () => generator.multinomial([0, 0.5, 0, 0.5, 0])));
    expect([...drawn].sort()).toEqual([1, 3]);
  });

  test("uses the low 32 bits of a seed", () => {
    expect(new TorchGenerator(2 ** 32 + 5).rand(2)).toEqual(new TorchGenerator(5).rand(2));
    expect(new TorchGenerator(5).rand(2)[0]).toBe(0.8302518725395203);
  });

  test("continues from a state, including the unused normal value", () => {
    const generator = new TorchGenerator(11);
    generator.randn(3);
    const copy = TorchGenerator.fromState(JSON.parse(JSON.stringify(generator.state())));
    expect(copy.randn(5)).toEqual(generator.randn(5));
    expect(copy.randn(33)).toEqual(generator.randn(33));
  });

  test("rejects an invalid seed or upper limit", () => {
    expect(() => new TorchGenerator(0.5)).toThrow("0.5");
    expect(() => new TorchGenerator(2 ** 53)).toThrow("at most 53 bits");
    expect(Array.from(new TorchGenerator(1).randint(1, 3))).toEqual([0, 0, 0]);
    expect(new TorchGenerator(1).randint(2 ** 28, 3)).toHaveLength(3);
    expect(() => new TorchGenerator(1).randint(0, 3)).toThrow("from 1 to 268435456, got 0");
    expect(() => new TorchGenerator(1).randint(2 ** 28 + 1, 3)).toThrow("got 268435457");
  });
});
