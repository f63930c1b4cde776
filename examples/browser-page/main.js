import { openModel } from "edgemore";
import card from "edgemore/models/gru.json";
import onnx from "edgemore/models/gru.onnx"; // its address: see the loader in build.js
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";

const [make, made, text, score] = ["make", "made", "text", "score"].map((id) => document.getElementById(id));

/** The bytes at an address. */
async function bytesOf(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`Cannot load ${address}: the server answered ${response.status}`);
  return await response.arrayBuffer();
}

/** Says what is wrong where the result would be. */
async function show(place, compute) {
  try {
    place.textContent = await compute();
  } catch (error) {
    place.textContent = error.message;
  }
}

await show(made, async () => {
  const model = await openModel({ card, onnx: await bytesOf(onnx) }, { wasm });

  make.onclick = () =>
    show(made, async () => (await model.sample({ n: 10 })).map(({ name }) => name).join(", "));

  text.oninput = () =>
    show(score, async () => {
      if (text.value === "") return "";
      const { perplexity, percentile } = await model.score(text.value);
      return `Perplexity ${perplexity.toFixed(1)}: likelier than ${percentile.toFixed(0)}% of real names.`;
    });

  make.disabled = text.disabled = false;
  return "";
});
