/** The experiments of this page that have come alive: how an island beside a figure gets at the figure's run. */
import { signal } from '@preact/signals';
import type { Session } from './session.ts';

const open = signal<ReadonlyMap<string, Session>>(new Map());

/** @returns what takes it out again */
export function announceSession(session: Session): () => void {
  const { id } = session.poster.experiment;
  open.value = new Map(open.peek()).set(id, session);
  return () => {
    if (open.peek().get(id) !== session) return;
    const rest = new Map(open.peek());
    rest.delete(id);
    open.value = rest;
  };
}

/** The run of a figure, once it is there; a component that asks is drawn anew when it comes. @param id the experiment's */
export function sessionOf(id: string): Session | null {
  return open.value.get(id) ?? null;
}
