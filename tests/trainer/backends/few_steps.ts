import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork, type TrainedNetwork } from "../../../trainer/architecture.ts";
import { gru } from "../../../trainer/architectures/gru.ts";
import { mlp } from "../../../trainer/architectures/mlp.ts";
import type { Backend } from "../../../trainer/backend.ts";
import { examplesOf } from "../../../trainer/examples.ts";
import { optimizers } from "../../../trainer/optimizers.ts";
import { mapValues } from "../../../trainer/parameters.ts";

const V = 27;
const STEPS = 5;

/** Small networks to train for a few steps, on any runtime. */
export const networks: Record<"mlp" | "gru", TrainedNetwork> = {
  mlp: buildNetwork(mlp, { context: 3, embedding: 6, hidden: 20 }, V),
  gru: buildNetwork(gru, { embedding: 6, hidden: 12 }, V),
};

/** The losses of a few steps with a backend, on random words. */
export async function lossesOf(network: TrainedNetwork, backend: Backend): Promise<number[]> {
  const generator = new TorchGenerator(5);
  const words = Array.from(
    { length: 100 },
    () => [...generator.randint(V - 1, generator.randint(5, 1)[0] + 1)].map((token) => token + 1),
  );
  const examples = examplesOf(words, network.contextLength);
  const settings = { optimizer: "adam" } as const;
  const parameters = network.initialise(generator);
  const optimizerState = mapValues(
    parameters,
    ({ shape, values }) =>
      Array.from({ length: optimizers.adam.stateTensors }, () => ({
        shape,
        values: new Float32Array(values.length),
      })),
  );
  const session = await backend.start(network, { parameters, optimizerState }, settings);
  const losses = Array.from({ length: STEPS }, (_, step) => {
    const batch = examples.batch(generator.randint(examples.count, 16));
    return session.step(batch, 0.01, step);
  });
  session.dispose();
  return losses;
}
