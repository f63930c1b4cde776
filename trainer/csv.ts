/** A value in a row of CSV; null is an empty field. */
export type CsvValue = string | number | boolean | null;

/** A row of CSV as RFC 4180 has it, with its end: what holds a comma, a quote or a line's end is quoted. */
export function csvRow(values: readonly CsvValue[]): string {
  return `${values.map(csvField).join(",")}\r\n`;
}

function csvField(value: CsvValue): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
