import type { ModelCard } from "../../shared/model_card.ts";
import type { ServedModel } from "./served_model.ts";

/** A model that has not been opened yet, or was closed to give its memory to others. */
export interface ClosedModel {
  card: ModelCard;
  version: string;
  /** Whether there is the list that it was trained on; undefined: not known before it is opened. */
  trainingNames?: boolean;
}

/** A model that is being opened. */
export interface Opening {
  status: "opening";
  settled: Promise<void>;
  settle: () => void;
  /** When it began, in milliseconds. */
  since: number;
  /** What is known of it already, if it was there before. */
  closed: ClosedModel | null;
}

/** What a model of a registry is now. */
export type ModelState =
  | Opening
  | { status: "ready"; served: ServedModel; pinned: ServedModel }
  | { status: "closed"; closed: ClosedModel }
  | { status: "broken"; reason: string };

/** Why a new version of a model is not served. The version before it still is. */
export interface RefusedUpdate {
  /** The new version; left out if its card cannot be read. */
  version?: string;
  reason: string;
}

/** The status of a model, as `/health` reports it. */
export interface ModelStatus {
  name: string;
  status: "opening" | "ready" | "broken";
  /** The version that answers, or will when it is opened for a request: the first digits of the SHA-256 of its card. */
  version?: string;
  /** Whether it came with the list that it was trained on, if it is ready. */
  training_names?: boolean;
  /** Why it is broken. */
  reason?: string;
  /** The newer version that was refused. */
  update?: RefusedUpdate;
}

/** A model's part of {@link ModelStatus}. A closed model is ready: a request for it opens it. */
export function statusOf(model: ModelState): Omit<ModelStatus, "name" | "update"> {
  switch (model.status) {
    case "broken":
      return { status: "broken", reason: model.reason };
    case "opening":
      return { status: "opening", ...(model.closed !== null && { version: model.closed.version }) };
    case "ready": {
      const { version, trainingNames } = model.served;
      return { status: "ready", version, training_names: trainingNames !== null };
    }
    case "closed": {
      const { version, trainingNames } = model.closed;
      return {
        status: "ready",
        version,
        ...(trainingNames !== undefined && { training_names: trainingNames }),
      };
    }
  }
}
