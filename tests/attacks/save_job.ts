import type { ModelCard } from "../../shared/model_card.ts";

/** What a process is told to save, as JSON; bytes are base64. */
export interface SaveJob {
  card: ModelCard;
  onnx: string;
  list: string;
}
