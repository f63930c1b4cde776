/**
 * Waits until workerd has handed over requests that it has received.
 *
 * To read a body takes a turn of workerd's event loop, which is enough to see one of several requests. A timer, of at least a
 * millisecond, sees most of them, and is worth its wait only then.
 */
export async function gather(busy: boolean): Promise<void> {
  if (busy) await new Promise((resolve) => setTimeout(resolve, 0));
  else await new Response(" ").text();
}
