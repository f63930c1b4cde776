/// <reference lib="dom" />
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Chart } from "../trainer/charts/chart.ts";
import { Failure } from "./failure.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { useOnline } from "./use_online.ts";

/** A chart is drawn when it is this close to the window, so that it is there when it is scrolled to. */
const MARGIN = "400px";

interface ChartProps {
  /** Imports and makes the chart. */
  make: () => Promise<Chart>;
  /** What it shows. Another value draws it anew. */
  data: unknown;
  /** Width by height, so that the page does not move when the chart comes. */
  aspectRatio: number;
}

/** A chart, loaded when it comes near the window: Observable Plot is four times as large as the rest of the page. */
export function LazyChart({ make, data, aspectRatio }: ChartProps): VNode {
  const holder = useRef<HTMLDivElement>(null);
  const [failure, setFailure] = useState<Failure>();
  const [attempt, setAttempt] = useState(0);
  const retry = () => setAttempt((attempt) => attempt + 1);
  useOnline(failure !== undefined, retry);
  useEffect(() => {
    let current = true;
    const draw = async () => {
      const chart = await make().catch(() => null);
      if (!current) return;
      setFailure(chart ? undefined : Failure.unreachable());
      if (chart) holder.current!.replaceChildren(chart.draw());
    };
    const observer = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      observer.disconnect();
      draw();
    }, { rootMargin: MARGIN });
    observer.observe(holder.current!);
    return () => {
      current = false;
      observer.disconnect();
    };
  }, [data, attempt]);
  return (
    <>
      {failure && <FailureNotice failure={failure} retry={retry} />}
      <div class="chart" ref={holder} style={{ aspectRatio: String(aspectRatio) }} />
    </>
  );
}
