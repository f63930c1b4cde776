import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { contextInWords } from "./describe_model.ts";
import { grouped } from "./number_format.ts";

/**
 * The main facts of a model's card.
 *
 * @param local The model is in this browser, and not on the server.
 */
export function CardFacts({ card, local }: { card: ModelCard; local: boolean }): VNode {
  return (
    <div class="picture facts">
      <h3>The card</h3>
      <dl>
        {facts(card).map(([term, fact]) => (
          <div>
            <dt>{term}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
      {local
        ? (
          <p class="hint">
            It is in this browser only, from where it <a href="#kept">can be downloaded</a>.
          </p>
        )
        : (
          <p class="hint">
            Download <a href={`/models/${card.name}`}>the whole card</a> as JSON, or{" "}
            <a href={`/models/${card.name}/model.onnx`} download={`${card.name}.onnx`}>the model</a>{" "}
            for any ONNX runtime.
          </p>
        )}
    </div>
  );
}

function facts({ dataset, training, nll, ...card }: ModelCard): [string, string][] {
  const nats = (value: number | null) => value?.toFixed(4) ?? "infinite";
  return [
    ["Kind", card.architecture],
    ["Parameters", grouped(card.parameters)],
    ["Sees", contextInWords(card.context_length, "character")],
    ["Trained on", `${dataset.name}, ${grouped(dataset.lines)} lines`],
    ...(training.steps > 0
      ? [["Trained for", `${grouped(training.steps)} steps of ${grouped(training.batch_size)} examples`]]
      : []) as [string, string][],
    ["Training took", training.seconds < 1 ? "less than a second" : `${training.seconds.toFixed(0)} seconds`],
    ["NLL", `${nats(nll.train)} nats on lines it was trained on, ${nats(nll.test)} on lines it never saw`],
    ["Perplexity", `${nll.test === null ? "infinite" : Math.exp(nll.test).toFixed(2)} on lines it never saw`],
    ["SHA-256", card.sha256],
  ];
}
