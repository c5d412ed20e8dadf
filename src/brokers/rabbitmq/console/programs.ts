/** The programs of the console, the prompt, and what a command does once it has been started. */
import type { CommandKind } from '../../console-tools.ts';

export const PROGRAMS = ['rabbitmqctl', 'rabbitmqadmin'] as const;
export type ProgramName = (typeof PROGRAMS)[number];
/** What the shell itself understands. */
export const BUILT_IN = ['clear', 'help'] as const;

/** @param name as it was typed: a path and `.bat` are forgiven */
export function programNamed(name: string): ProgramName | null {
  const plain = name.slice(name.lastIndexOf('/') + 1);
  return PROGRAMS.find((program) => program === plain) ?? null;
}

export function promptOf(running: string | null): string {
  if (running === null) return '$ ';
  return kindOf(running) === 'reads' ? '> ' : '';
}

/** `rabbitmqadmin publish` without a payload reads it from its input; every other command ends by itself. */
export function kindOf(command: string): CommandKind {
  const words = command.trim().split(/\s+/);
  if (programNamed(words[0] ?? '') !== 'rabbitmqadmin') return 'works';
  if (!words.includes('publish')) return 'works';
  // The newer tool reads it where it is told to, the older one where it is told nothing.
  if (words.includes('message'))
    return /(?:-f|--payload-file)[ =]?-(?:\s|$)/.test(command) ? 'reads' : 'works';
  const complete = words.some((word) => word.startsWith('routing_key='));
  return complete && !words.some((word) => word.startsWith('payload=')) ? 'reads' : 'works';
}
