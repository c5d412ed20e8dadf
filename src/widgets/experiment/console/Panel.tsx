/**
 * The place of the console in the frame. The console itself is loaded when it comes near the reader's eyes, into a place of
 * one height, so that nothing moves when it comes.
 */
import type { ComponentType } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ConsoleSide } from '../drawing.ts';
import type { ConsoleProps } from './Console.tsx';

interface Props extends Omit<ConsoleProps, 'help' | 'side'> {
  readonly load: () => Promise<ConsoleSide>;
}

interface Loaded {
  readonly Console: ComponentType<ConsoleProps>;
  readonly side: ConsoleSide;
}

export function ConsolePanel({ session, ready, load }: Props) {
  const help = useId();
  const holder = useRef<HTMLElement>(null);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near.disconnect();
        Promise.all([import('./Console.tsx'), load()]).then(
          ([{ Console }, side]) => setLoaded({ Console, side }),
          () => setFailed(true),
        );
      },
      { rootMargin: '200px' },
    );
    if (holder.current) near.observe(holder.current);
    return () => near.disconnect();
  }, [load]);
  return (
    <section
      ref={holder}
      class="xp-console"
      aria-label={`Console of the experiment “${session.poster.experiment.title}”`}
    >
      <h4>Console</h4>
      <div class="xp-console-place">
        {loaded && <loaded.Console session={session} ready={ready} side={loaded.side} help={help} />}
        {failed && <p>The console could not be loaded. Reload the page to try again.</p>}
      </div>
      <p id={help} class="xp-console-help">
        A command runs at the moment shown, and the run plays on until it has ended. Tab completes what is
        typed; Escape, then Tab leaves the field. Arrow up and down bring back earlier lines. Under “What you
        did” a command can be taken back, and its output with it.
      </p>
    </section>
  );
}
