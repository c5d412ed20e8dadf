/** The place of the console in the frame. The console itself is loaded when it comes near the reader's eyes. */
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Session } from '../session.ts';

interface Props {
  readonly session: Session;
  readonly ready: boolean;
}

export function ConsolePanel({ session, ready }: Props) {
  const holder = useRef<HTMLElement>(null);
  const [Loaded, setLoaded] = useState<ComponentType<Props> | null>(null);
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
    <section ref={holder} class="xp-console" aria-label="Console">
      <h4>Console</h4>
      {Loaded ? (
        <Loaded session={session} ready={ready} />
      ) : (
        <div class="xp-screen-place">
          {failed && <p>The console could not be loaded. Reload the page to try again.</p>}
        </div>
      )}
    </section>
  );
}
