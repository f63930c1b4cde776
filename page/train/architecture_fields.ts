import { z } from "zod";
import { architectures } from "../../trainer/architectures/all.ts";
import { findArchitecture } from "../../trainer/architectures/all.ts";
import type { ArchitectureFields, HyperparameterField } from "./messages.ts";

/**
 * Architectures that can be trained without TensorFlow.js: by counting or by the fused kernel.
 *
 * @returns Each with the fields of its hyperparameters' schema.
 */
export function trainableArchitectures(): ArchitectureFields[] {
  return architectures.flatMap(({ name, summary, hyperparameters }) => {
    const network = findArchitecture(name).build(hyperparameters.parse({}), 2);
    if (network.learns === "by gradient descent" && !network.planStep) return [];
    const { properties = {} } = z.toJSONSchema(hyperparameters, { io: "input" });
    const fields = Object.entries(properties).map(([key, property]): HyperparameterField => {
      const { type, description = "", minimum, maximum, enum: choices, default: fallback } =
        property as z.core.JSONSchema.BaseSchema;
      return {
        key,
        description,
        type: choices ? "choice" : type as HyperparameterField["type"],
        default: fallback as HyperparameterField["default"],
        minimum,
        maximum,
        choices: choices as string[] | undefined,
      };
    });
    return [{ name, summary, fields }];
  });
}
