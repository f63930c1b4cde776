/**
 * A model failed, or returned a row that is not a probability distribution. The model is not used again, because its
 * other rows cannot be trusted either. The message is the reason.
 */
export class BrokenModelError extends Error {
  override name = "BrokenModelError";
}
