/**
 * The place of the console in the frame. The console itself is loaded when it comes near the reader's eyes, into a place of
 * one height, so that nothing moves when it comes.
 */
import type { ComponentType } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ConsoleProps } from './Console.tsx';

export function ConsolePanel({ session, ready }: Omit<ConsoleProps, 'help'>) {
  const help = useId();
  const holder = useRef<HTMLElement>(null);
  const [Loaded, setLoaded] = useState<ComponentType<ConsoleProps> | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near.disconnect();
        import('./Console.tsx').then(
          ({ Console }) => setLoaded(() => Console),
          () => setFailed(true),
        );
      },
      { rootMargin: '200px' },
    );
    if (holder.current) near.observe(holder.current);
    return () => near.disconnect();
  }, []);
  return (
    <section
      ref={holder}
      class="xp-console"
      aria-label={`Console of the experiment “${session.poster.experiment.title}”`}
    >
      <h4>Console</h4>
      <div class="xp-console-place">
        {Loaded && <Loaded session={session} ready={ready} help={help} />}
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
