/** How a process is called in prose. */

/** The id of a process as words: `service-a` is Service A, `c1` is C1; a node of RabbitMQ, `rabbit-1`, is Node 1. */
export function displayName(id: string): string {
  return id
    .replace(/^rabbit-(?=\d+$)/, 'node-')
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ');
}
