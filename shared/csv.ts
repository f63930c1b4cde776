/** A value in a row of CSV; null is an empty field. */
export type CsvValue = string | number | boolean | null;

/** Formats a row of CSV, line end included; values with a comma, a quote or a line break are quoted (RFC 4180). */
export function csvRow(values: readonly CsvValue[]): string {
  return `${values.map(csvField).join(",")}\r\n`;
}

function csvField(value: CsvValue): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
