/// <reference lib="dom" />
import type { ComponentType, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "./failure.ts";
import { FailureNotice } from "./failure_notice.tsx";
import { useOnline } from "./use_online.ts";

/** A section is loaded when it is this close to the window, so that it is there when it is scrolled to. */
const MARGIN = "600px";

interface LazySectionProps<Props> {
  id: string;
  title: string;
  /** About how high it is on a wide window, in rem, so that little moves when it comes. */
  height: number;
  /** Imports what is in it. It must not change. */
  load: () => Promise<ComponentType<Props>>;
  /** Undefined while they are not known; then nothing is loaded. */
  props: Props | undefined;
}

/** A section whose code is loaded when it comes near the window. */
export function LazySection<Props extends object>(
  { id, title, height, load, props }: LazySectionProps<Props>,
): VNode {
  const place = useRef<HTMLElement>(null);
  const [Content, setContent] = useState<ComponentType<Props>>();
  const [failure, setFailure] = useState<Failure>();
  const [attempt, setAttempt] = useState(0);
  const retry = () => setAttempt((attempt) => attempt + 1);
  useOnline(failure !== undefined, retry);
  useEffect(() => {
    const observer = new IntersectionObserver(async ([{ isIntersecting }]) => {
      if (!isIntersecting) return setFailure(undefined); // it is loaded when it comes near
      observer.disconnect();
      try {
        const content = await load();
        setContent(() => content); // a function would be called
        setFailure(undefined);
      } catch {
        setFailure(Failure.unreachable());
      }
    }, { rootMargin: MARGIN });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, [attempt]);
  return (
    <section id={id} aria-labelledby={`${id}-title`} ref={place}>
      <h2 id={`${id}-title`}>{title}</h2>
      {failure && <FailureNotice failure={failure} retry={retry} />}
      {Content && props ? <Content {...props} /> : !failure && <div style={{ minHeight: `${height}rem` }} />}
    </section>
  );
}
