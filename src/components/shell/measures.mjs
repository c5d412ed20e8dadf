// Keeps a number and its unit on one line, and a process and its number: "6.2 s", "Node 1". It is the prose's text that is
// changed, by a space that does not break; code is left alone.
// @ts-check

const UNIT =
  /(\d) (?=(?:µs|ms|s|min|minutes?|seconds?|hours?|days?|bytes?|KB|KiB|MB|MiB|GB|GiB|px)(?![\w-]))/g;
const NUMBERED = /\b(Node|Broker|Partition|Worker) (?=\d)/g;

/**
 * A text in which no measure can be broken apart.
 * @param {string} text
 */
export const keptTogether = (text) => text.replace(UNIT, '$1\u00a0').replace(NUMBERED, '$1\u00a0');

/**
 * The same for every text of a page but its headings, of which addresses are made.
 * @returns {import('satteri').MdastPluginDefinition}
 */
export const measures = () => ({
  name: 'measures',
  text(node, context) {
    const value = keptTogether(node.value);
    if (value !== node.value && context.parent(node)?.type !== 'heading')
      context.setProperty(node, 'value', value);
  },
});
