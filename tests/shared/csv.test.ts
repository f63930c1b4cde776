import { expect, test } from "vitest";
import { csvRow } from "../../shared/csv.ts";

test("a row is as RFC 4180 has it", () => {
  expect(csvRow(["ada", 1.5, true, null, ""])).toBe("ada,1.5,true,,\r\n");
  expect(csvRow(["a,b", 'say "hi"', "two\nlines", "two\r\nlines", " a "])).toBe(
    '"a,b","say ""hi""","two\nlines","two\r\nlines", a \r\n',
  );
});
