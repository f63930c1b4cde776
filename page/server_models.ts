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
}

/** Asks the server for its models, again while it is opening some: their cards come when they are ready. */
export function useServerModels(): ServerModels {
  const models = useAnswer<"models">("/models", "edge", "");
  const health = useAnswer<"health">("/health", "edge", "");
  useEffect(() => pinModels(models.answer ?? []), [models.answer]);
  useEffect(() => {
    if (!models.answer || !health.answer || !isOpening(health.answer, models.answer)) return;
    const timer = setTimeout(() => [models, health].forEach(({ retry }) => retry()), OPENING_DELAY);
    return () => clearTimeout(timer);
  }, [models.answer, health.answer]);
  return { models, health };
}

/** Whether a model has no card yet, or was not ready when its state was asked for. */
function isOpening({ models }: Answer<"health">, cards: Answer<"models">): boolean {
  const ready = new Set(cards.map(({ name }) => name));
  return models.some(({ name, status }) => status === "opening" || (status === "ready" && !ready.has(name)));
}
