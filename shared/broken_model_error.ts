/**
 * A model gave an answer that is no probability distribution, or none at all. It is not asked again: what it says of other
 * contexts cannot be trusted either. The message is the reason.
 */
export class BrokenModelError extends Error {
  override name = "BrokenModelError";
}
