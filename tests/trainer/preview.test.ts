import { expect, test } from "vitest";
import { sample } from "../../shared/sampling.ts";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { buildNetwork } from "../../trainer/architecture.ts";
import { findArchitecture } from "../../trainer/architectures/all.ts";
import { evaluationBackend } from "../../trainer/backends/all.ts";
import { makeCorpus, parseList } from "../../trainer/corpus.ts";
import { makeExamples } from "../../trainer/examples.ts";
import { mapValues, toTensor } from "../../trainer/parameters.ts";
import { preview } from "../../trainer/preview.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";
import { tensorFlowModel } from "../../trainer/tensorflow_model.ts";

const LIST = Array.from(
  { length: 40 },
  (_, i) => "anna bob carla dan eve".split(" ")[i % 5] + "x".repeat(i % 3),
);

test.each([
  ["mlp", { context: 4 }],
  ["mlp", { norm: "calibrated", bias: false }],
  ["gru", { hidden: 24, embedding: 12 }],
  ["transformer", {}],
  ["bigram", {}],
])("a preview of %s %j makes what the network makes with TensorFlow.js", async (name, hyperparameters) => {
  await startTensorFlow();
  const corpus = makeCorpus(await parseList(new TextEncoder().encode(LIST.join("\n")), "list.txt"));
  const { vocabulary } = corpus;
  const network = buildNetwork(findArchitecture(name), hyperparameters, vocabulary.size);
  const { train } = makeExamples(corpus, network.contextLength);
  const parameters = network.learns === "by counting"
    ? network.count(train)
    : network.initialise(new TorchGenerator(3));
  const options = { n: 10, maxLength: 12, seed: 5 };
  const things = await preview(network, parameters, vocabulary, train, options);
  expect(things).toHaveLength(10);

  const evaluator = await evaluationBackend(network, parameters).evaluator(network, parameters);
  const weights = mapValues({ ...parameters, ...evaluator.measureBuffers(train) }, toTensor);
  const cache = new DistributionCache(tensorFlowModel(network, weights));
  expect(things).toEqual((await sample(cache, vocabulary, options)).map(({ name }) => name));
});
