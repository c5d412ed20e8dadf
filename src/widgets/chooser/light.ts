/** Lights up a path in the figure that the build has drawn: a class on each node and edge, in every theme's picture. */
import type { Light, Lights } from './tree.ts';

const classOf: Readonly<Record<Light, string>> = {
  on: 'ch-on',
  here: 'ch-here',
  next: 'ch-next',
  away: 'ch-away',
};

/** @param figure what holds the pictures; their parts say by `data-node` and `data-edge` what they are */
export function lightUp(figure: Element, { nodes, edges }: Lights): void {
  for (const part of figure.querySelectorAll<SVGElement>('[data-node], [data-edge]')) {
    const { node, edge } = part.dataset;
    const light = node === undefined ? edges.get(edge ?? '') : nodes.get(node);
    part.classList.remove(...Object.values(classOf));
    if (light) part.classList.add(classOf[light]);
  }
}

/**
 * Where the picture is wider than its frame, as on a phone: moves it so that the place where the path stands is seen.
 * @param travel whether the eye may follow, which a reader who asked for less motion is spared
 */
export function bringIntoFrame(figure: Element, travel: boolean): void {
  const here = [...figure.querySelectorAll('[data-node].ch-here')].find((node) => node.checkVisibility());
  const frame = here?.closest('svg')?.parentElement;
  if (!here || !frame || frame.scrollWidth <= frame.clientWidth) return;
  const node = here.getBoundingClientRect();
  const box = frame.getBoundingClientRect();
  frame.scrollTo({
    left: frame.scrollLeft + node.left + node.width / 2 - (box.left + box.width / 2),
    behavior: travel && !window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 'smooth' : 'instant',
  });
}
