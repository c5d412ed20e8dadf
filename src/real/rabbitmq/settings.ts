/** Settings of the nodes that are started here, as lines of their rabbitmq.conf. */

/**
 * By which a node joins those that are there before it.
 * @param members by their names in Erlang, itself the last: 4.x waits for those it is told of before it begins
 */
export function clusterConf(members: readonly string[]): string {
  if (members.length === 1) return '';
  const nodes = members.map((name, i) => `cluster_formation.classic_config.nodes.${i + 1} = ${name}`);
  return `${['cluster_formation.peer_discovery_backend = classic_config', ...nodes].join('\n')}\n`;
}
