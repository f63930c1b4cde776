import type { ModelCard } from "../../shared/model_card.ts";

/** What a process is told to save, as JSON; bytes are base64. */
export interface SaveJob {
  card: ModelCard;
  /** The ONNX file; without it, the list is added to the model that is there. */
  onnx?: string;
  known: { bytes: string; names: number } | null;
}
