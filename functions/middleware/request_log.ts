/**
 * A line of the log: what was asked of whom, and what came of it. Never the query, which may have a person's name in
 * it, nor a header, which may be a secret.
 *
 * @param names How many names were sent, where they were streamed.
 */
export function logLine(
  id: string,
  method: string,
  path: string,
  status: number,
  milliseconds: number,
  model: string | undefined,
  names?: number,
): string {
  return `{"time":"${now()}","id":"${id}","method":"${method}","path":${
    JSON.stringify(path)
  },"status":${status},` +
    `"ms":${milliseconds.toFixed(3)}${model === undefined ? "" : `,"model":"${model}"`}` +
    `${names === undefined ? "" : `,"names":${names}`}}`;
}

let [lastTime, lastText] = [NaN, ""];

/** The time of day. Requests of the same millisecond share its text. */
function now(): string {
  const time = Date.now();
  if (time !== lastTime) [lastTime, lastText] = [time, new Date(time).toISOString()];
  return lastText;
}
