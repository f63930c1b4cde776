/// <reference lib="dom" />
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { prepareRuntime } from "../runtime.ts";
import { keepLocalModel } from "./local_models.ts";
import type { ModelOptions } from "../../trainer/train_options.ts";
import type { ArchitectureFields, ListFile, ListSummary, Request, Response, RunState } from "./messages.ts";

/*
 * The page's side of the worker that trains.
 */

/** The list that was given, and whether it can be used. */
export type GivenList =
  | { status: "reading"; file: ListFile }
  | { status: "good"; file: ListFile; summary: ListSummary }
  | { status: "refused"; file: ListFile; message: string };

/** A run, from its beginning to its end. */
export type Run =
  & { options: ModelOptions; state?: RunState; things: string[] }
  & (
    | { status: "training" | "stopping" }
    | { status: "evaluating"; share: number }
    | { status: "trained"; name: string; stopped: boolean; failedAgainst: number | null; stored: boolean }
    | { status: "failed"; message: string }
  );

const list: Signal<GivenList | undefined> = signal(undefined);
const run: Signal<Run | undefined> = signal(undefined);
const architectures: Signal<ArchitectureFields[]> = signal([]);
/** The list that was given last. */
export const givenList: ReadonlySignal<GivenList | undefined> = list;
/** The run that was begun last. */
export const currentRun: ReadonlySignal<Run | undefined> = run;
/** What can be trained, once the worker is there. */
export const trainable: ReadonlySignal<ArchitectureFields[]> = architectures;

/** Loads what a trained model will need, while there is a connection. */
function prepare(): void {
  prepareRuntime();
  for (
    const chunk of [import("../../trainer/model_archive.ts"), import("../../trainer/charts/loss_curve.ts")]
  ) {
    chunk.catch(() => {}); // whoever needs it asks again
  }
}

let worker: Worker | undefined;
/** The worker that was given the list. */
let reader: Worker | undefined;
/** Lists that were sent to a worker. */
let reads = 0;

/** Starts the worker, if it is not there. A page that was loaded works on without a connection once this has been called. */
export function openTrainer(): Worker {
  if (worker) return worker;
  const { content } = document.querySelector<HTMLMetaElement>("meta[name=trainer]")!;
  const started = worker = new Worker(content, { type: "module" });
  started.onmessage = ({ data }: MessageEvent<Response>) => void hear(data);
  started.onerror = (event) => {
    event.preventDefault();
    const message = event.message ||
      "The trainer could not be loaded: the server cannot be reached. What you gave is kept.";
    endWorker();
    if (isRunning(run.value)) run.value = { ...run.value!, status: "failed", message };
    else if (list.value) list.value = { status: "refused", file: list.value.file, message };
  };
  return started;
}

function send(request: Request): void {
  openTrainer().postMessage(request);
}

/** Ends the worker, which gives back its memory: a run has ended, or the worker cannot be started. */
function endWorker(): void {
  removeEventListener("beforeunload", keepPage);
  worker?.terminate();
  worker = undefined;
}

/** Whether a run has not ended. */
export function isRunning(run: Run | undefined): boolean {
  return run?.status === "training" || run?.status === "stopping" || run?.status === "evaluating";
}

/** Takes a list, or takes it away. */
export function giveList(file: ListFile | undefined): void {
  list.value = file && { status: "reading", file };
  if (file) readList(file);
}

function readList(list: ListFile): void {
  reader = openTrainer();
  send({ type: "read", id: ++reads, list });
}

/** Asks before the page is left. */
const keepPage = (event: Event) => event.preventDefault();

/** Begins a run on the given list. */
export function startTraining(options: ModelOptions): void {
  addEventListener("beforeunload", keepPage);
  run.value = { status: "training", options, things: [] };
  if (list.value && openTrainer() !== reader) readList(list.value.file); // the last run ended the one that had it
  send({ type: "train", options });
}

/** Ends the run after the current step. */
export function stopTraining(): void {
  if (!isRunning(run.value)) return;
  run.value = { ...run.value!, status: "stopping" };
  send({ type: "stop" });
}

/** Forgets the run that has ended. */
export function leaveRun(): void {
  run.value = undefined;
}

async function hear(message: Response): Promise<void> {
  const file = list.value?.file;
  if (message.type === "ready") architectures.value = message.architectures;
  else if (message.type === "read" && file && message.id === reads) {
    list.value = { status: "good", file, summary: message.summary };
    prepare();
  } else if (message.type === "refused" && file && message.id === reads) {
    list.value = { status: "refused", file, message: message.message };
  }
  const before = run.value;
  if (!before) return;
  if (message.type === "progress") run.value = { ...before, state: message.run };
  else if (message.type === "made") run.value = { ...before, things: message.things };
  else if (message.type === "evaluating") {
    run.value = { ...before, status: "evaluating", share: message.share };
  } else if (message.type === "failed") {
    endWorker();
    run.value = { ...before, status: "failed", message: message.message };
  } else if (message.type === "trained") {
    endWorker();
    const { files, stopped, failedAgainst } = message;
    const stored = await keepLocalModel(files);
    const { name, training: { steps, seconds, loss_history: history } } = files.card;
    const state = { step: steps, history, seconds };
    run.value = { ...before, state, status: "trained", name, stopped, failedAgainst, stored };
  }
}
