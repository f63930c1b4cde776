/** @jsxImportSource hono/jsx */
import { openModel } from "edgemore";
import card from "edgemore/models/gru.json";
import onnx from "edgemore/models/gru.onnx";
import { Hono } from "hono";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";

/** Ask again below this percentile: one real name in a hundred is there. */
const THRESHOLD = 1;

// Opening the model takes some hundred milliseconds, which only the global scope has.
const model = await openModel({ card, onnx }, { wasm });

/** Whether a name looks like random typing. */
async function looksLikeGibberish(name: string): Promise<boolean> {
  try {
    return (await model.score(name)).percentile < THRESHOLD;
  } catch (error) {
    if (error instanceof RangeError) return false; // a letter that the model does not know says nothing about the name
    throw error;
  }
}

function Form({ name = "", doubtful = false }: { name?: string; doubtful?: boolean }) {
  return (
    <form method="post">
      <label>
        Your first name <input name="name" value={name} required maxlength={60} autocomplete="given-name" />
      </label>
      {doubtful && (
        <label role="alert">
          <input type="checkbox" name="sure" value={name} required />{" "}
          Is it spelt “{name}”? Then tick this box.
        </label>
      )}
      <button type="submit">Sign up</button>
    </form>
  );
}

const app = new Hono();

app.get("/", (context) => context.html(<Form />));

app.post("/", async (context) => {
  const form = await context.req.formData();
  const name = String(form.get("name") ?? "").trim();
  if (name === "" || name.length > 60) return context.html(<Form />, 422);
  // Who changes the name after ticking the box is asked again.
  const sure = form.get("sure") === name;
  if (!sure && await looksLikeGibberish(name)) return context.html(<Form name={name} doubtful />, 422);
  return context.html(<p>Welcome, {name}!</p>);
});

export default app;
