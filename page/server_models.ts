import { useEffect } from "preact/hooks";
import { pinModels } from "./edge_runtime.ts";
import { type Answer, type Asked, useAnswer } from "./use_answer.ts";

/** How long to wait before the server is asked again about models that it is still opening, in milliseconds. */
const OPENING_DELAY = 1000;

/** What is known of the server's models. */
export interface ServerModels {
  /** The cards of those that are ready. */
  models: Asked<"models">;
  /** The state of all. */
  health: Asked<"health">;
  /** Whether the server said that it is still opening some. */
  opening: boolean;
}

/** Asks the server for its models, again while it is opening some: their cards come when they are ready. */
export function useServerModels(): ServerModels {
  const models = useAnswer<"models">("/models", "edge", "");
  const health = useAnswer<"health">("/health", "edge", "");
  useEffect(() => pinModels(models.answer ?? []), [models.answer]);
  const opening = health.answer !== undefined && isOpening(health.answer, models.answer);
  useEffect(() => {
    if (!models.answer || !opening) return;
    const timer = setTimeout(() => [models, health].forEach(({ retry }) => retry()), OPENING_DELAY);
    return () => clearTimeout(timer);
  }, [models.answer, health.answer]);
  return { models, health, opening };
}

/** Whether a model has no card yet, or was not ready when its state was asked for. */
function isOpening({ models }: Answer<"health">, cards: Answer<"models"> | undefined): boolean {
  const ready = cards && new Set(cards.map(({ name }) => name));
  return models.some(({ name, status }) =>
    status === "opening" || (status === "ready" && ready?.has(name) === false)
  );
}
