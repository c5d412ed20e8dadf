/** What every experiment's figure does in the page: it follows its width, keeps the focus, and plays while somebody sees it. */
import { useEffect, useState } from 'preact/hooks';

export interface Figure {
  readonly current: HTMLElement | null;
}

/** What asks for frames while it plays. */
interface Ticking {
  readonly playing: { readonly value: boolean };
  /** @param nowMs the page's clock */
  tick(nowMs: number): void;
  hold(): void;
}

/** Where the frame is narrower than this, the stage stands upright. The style sheet says the same. */
const UPRIGHT_BELOW_PX = 640;

/** What in an experiment may take the focus over from a button that is gone. */
const CAN_FOCUS = ':is(button, select):enabled, summary';

/** Which of the two drawings has room; null, for both, until the page can tell: the style sheet shows the right one. */
export function useShape(figure: Figure): 'wide' | 'tall' | null {
  const [shape, setShape] = useState<'wide' | 'tall' | null>(null);
  useEffect(() => {
    const element = figure.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setShape(element.clientWidth < UPRIGHT_BELOW_PX ? 'tall' : 'wide'),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [figure]);
  return shape;
}

/**
 * A button that has done its work may be gone: Crash, once the consumer has crashed. The focus then goes to what is left
 * nearest to it, and not to the beginning of the page.
 */
export function useKeptFocus(figure: Figure): void {
  useEffect(() => {
    const element = figure.current;
    if (!element) return;
    let path: HTMLElement[] = [];
    const remember = ({ target }: Event): void => {
      path = [];
      for (let at = target as HTMLElement | null; at && at !== element; at = at.parentElement) path.push(at);
    };
    const forget = (): void => void (path = []);
    const observer = new MutationObserver(() => {
      const [last, ...around] = path;
      if (!last || document.activeElement !== document.body) return;
      if (last.isConnected && !last.matches(':disabled')) return;
      const place = around.find((one) => one.isConnected && one.querySelector(CAN_FOCUS));
      const next =
        place?.querySelector<HTMLElement>(CAN_FOCUS) ?? element.querySelector<HTMLElement>('.xp-stage');
      next?.focus({ preventScroll: true });
    });
    element.addEventListener('focusin', remember);
    document.addEventListener('pointerdown', forget, { capture: true });
    observer.observe(element, { childList: true, subtree: true, attributeFilter: ['disabled'] });
    return () => {
      element.removeEventListener('focusin', remember);
      document.removeEventListener('pointerdown', forget, { capture: true });
      observer.disconnect();
    };
  }, [figure]);
}

/** Asks for frames while it plays and somebody can see it. */
export function usePlaying(session: Ticking, figure: Figure): void {
  const playing = session.playing.value;
  useEffect(() => {
    const element = figure.current;
    if (!playing || !element) return;
    let request = 0;
    let seen = true;
    const turn = (nowMs: number): void => {
      session.tick(nowMs);
      request = requestAnimationFrame(turn);
    };
    const decide = (): void => {
      cancelAnimationFrame(request);
      session.hold();
      if (seen && !document.hidden) request = requestAnimationFrame(turn);
    };
    const observer = new IntersectionObserver(([entry]) => {
      seen = entry?.isIntersecting ?? true;
      decide();
    });
    observer.observe(element);
    document.addEventListener('visibilitychange', decide);
    decide();
    return () => {
      cancelAnimationFrame(request);
      observer.disconnect();
      document.removeEventListener('visibilitychange', decide);
    };
  }, [playing, session, figure]);
}
