/** Backlog and repeated work over the run, drawn by uPlot, which is loaded when they come near the reader's eyes. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Frame } from '../../scenarios/frame.ts';
import { seriesWords } from './words.ts';

const HEIGHT = 128;

export function Charts({ frame }: { frame: Frame }) {
  const [open, setOpen] = useState(true);
  return (
    <details class="xp-charts" open onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Over the run</summary>
      {open && <Plot frame={frame} />}
      {open && <p>{seriesWords(frame)}</p>}
    </details>
  );
}

function Plot({ frame }: { frame: Frame }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(frame);
  latest.current = frame;

  useEffect(() => {
    let stop = (): void => undefined;
    const start = async (): Promise<void> => {
      const { default: Plotter } = await import('uplot');
      // Gone, when the reader has closed the charts meanwhile.
      const element = holder.current;
      if (!element) return;
      const draw = (): void => {
        plot.current?.destroy();
        plot.current = new Plotter(options(element), data(latest.current), element);
      };
      draw();
      const resized = new ResizeObserver(() =>
        plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
      );
      resized.observe(element);
      // A canvas does not follow custom properties by itself.
      const themed = new MutationObserver(draw);
      themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
      stop = () => {
        resized.disconnect();
        themed.disconnect();
      };
    };
    const near = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      near.disconnect();
      void start();
    });
    if (holder.current) near.observe(holder.current);
    return () => {
      near.disconnect();
      stop();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data(frame)), [frame]);

  return (
    <>
      <div class="xp-plot" ref={holder} aria-hidden="true" />
      <div class="xp-plot-key" aria-hidden="true">
        <span class="xp-key-backlog">backlog</span>
        <span class="xp-key-again">processed again</span>
      </div>
    </>
  );
}

/** Samples up to the moment shown, on an axis over the whole run. */
function data({ series, endsAt }: Frame): uPlot.AlignedData {
  const count = Math.ceil(endsAt / series.stepMicros) + 1;
  const axis = Array.from({ length: count }, (_, i) => (i * series.stepMicros) / 1_000_000);
  const padded = (values: readonly number[]): (number | null)[] => axis.map((_, i) => values[i] ?? null);
  return [axis, padded(series.backlog), padded(series.duplicates)];
}

function options(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: token('--soft'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: token('--hair'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(4, Math.ceil(max * 1.1))] } },
    axes: [
      { ...axis, size: 20, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
      { ...axis, size: 26, space: 24 },
    ],
    series: [
      {},
      { stroke: token('--broker'), width: 1.5, points: { show: false } },
      { stroke: token('--fault'), width: 1.5, dash: [4, 3], points: { show: false } },
    ],
  };
}
