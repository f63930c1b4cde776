import { expect, test } from "vitest";
import { cardQuantiles } from "../../shared/card_quantiles.ts";

test("cardQuantiles reads null as infinity", () => {
  expect(cardQuantiles({ nll_quantiles: [0, 1.5, null] })).toEqual([0, 1.5, Infinity]);
});
