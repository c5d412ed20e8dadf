// Draws Mermaid sources in a browser, in our colours and type, and takes from the browser a plain SVG: no style element, no
// class, no foreignObject, every colour an attribute. So it needs nothing of the page it is put into, and no policy is bent.
// Nodes and edges keep the names of the source as data-node and data-edge: a page may light them up.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import type { DiagramTheme, DiagramTokens } from './files.ts';

/** What Mermaid is told beside its theme: our type, straight talk, room to breathe. */
const layout = {
  startOnLoad: false,
  securityLevel: 'strict',
  theme: 'base',
  htmlLabels: false,
  flowchart: {
    htmlLabels: false,
    curve: 'basis',
    nodeSpacing: 26,
    rankSpacing: 44,
    padding: 12,
    diagramPadding: 6,
    subGraphTitleMargin: { top: 6, bottom: 10 },
    useMaxWidth: false,
  },
} as const;

/** Colours by role. The classes are those that the sources give to their nodes. */
function themeOf(t: DiagramTokens) {
  const role = (name: 'broker' | 'consumer' | 'producer') => `
    .node.${name} :is(rect, polygon, path) { fill: ${t[`${name}-wash`]}; stroke: ${t[name]}; }
    .node.${name} text { fill: ${t[name]}; }
    .cluster.${name} rect { fill: ${t[`${name}-wash`]}; stroke: ${t[name]}; }
    .cluster.${name} .cluster-label text { fill: ${t[name]}; }`;
  return {
    themeVariables: {
      fontFamily: 'Inter',
      fontSize: '14px',
      background: t.paper,
      primaryColor: t.raised,
      primaryBorderColor: t.soft,
      primaryTextColor: t.ink,
      lineColor: t.soft,
      clusterBkg: t.wash,
      clusterBorder: t.hair,
      titleColor: t.soft,
      edgeLabelBackground: t.paper,
    },
    themeCSS: `
      text { font-family: Inter; font-size: 14px; }
      .node text { font-weight: 550; fill: ${t.ink}; }
      .node :is(rect, polygon, path) { stroke-width: 1.5px; fill: ${t.raised}; stroke: ${t.soft}; stroke-linejoin: round; }
      .cluster rect { stroke-width: 1px; fill: ${t.wash}; stroke: ${t.hair}; }
      .cluster-label text { font-weight: 600; font-size: 12.5px; fill: ${t.soft}; }
      .edgePaths path { stroke-width: 1.5px; stroke: ${t.soft}; fill: none; }
      .edgeLabel text { font-size: 12.5px; font-weight: 500; fill: ${t.soft}; }
      .edgeLabel rect { fill: ${t.paper}; opacity: 1; }
      path, rect, polygon { stroke-dasharray: none !important; }
      .marker path, marker path { fill: ${t.soft}; stroke: none; }
      ${role('broker')} ${role('consumer')} ${role('producer')}
      .cluster.broker rect { fill: color-mix(in srgb, ${t['broker-wash']} 55%, ${t.paper}); }
      .cluster.consumer rect { fill: color-mix(in srgb, ${t['consumer-wash']} 55%, ${t.paper}); }
      .node.broker :is(rect, polygon, path) { fill: ${t.raised}; }
      .node.broker.pick :is(rect, polygon, path) { fill: ${t['broker-wash']}; }`,
  };
}

/** One picture to draw. */
export interface Drawing {
  readonly source: string;
  readonly theme: DiagramTheme;
  readonly tokens: DiagramTokens;
  /** Unique over all pictures that may meet on one page: the ids inside begin with it. */
  readonly id: string;
}

/**
 * Opens a page that can draw, with the book's own Inter and the Mermaid of node_modules loaded, and no network.
 * @param root the project's root
 * @returns a function that draws one picture and returns its SVG
 * @throws Error with Mermaid's message when a source does not parse
 */
export async function openDrawingBoard(
  browser: Browser,
  root: string,
): Promise<(drawing: Drawing) => Promise<string>> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.route('**/*', (route) => route.abort());
  const font = readFileSync(
    join(root, 'node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
  ).toString('base64');
  await page.setContent(`<style>@font-face { font-family: Inter; font-weight: 100 900;
    src: url(data:font/woff2;base64,${font}) format('woff2'); }</style><p style="font-family: Inter">Inter</p>`);
  await page.addScriptTag({ path: join(root, 'node_modules/mermaid/dist/mermaid.min.js') });
  await page.evaluate(() => document.fonts.load('550 14px Inter'));

  return async ({ source, tokens, id }) =>
    page.evaluate(drawInPage, { source, id, config: { ...layout, ...themeOf(tokens) }, paper: tokens.paper });
}

interface InPage {
  readonly source: string;
  readonly id: string;
  readonly config: object;
  readonly paper: string;
}

/** Runs in the browser: draws, rounds the corners, ticks the picks, and turns every style into an attribute. */
async function drawInPage({ source, id, config, paper }: InPage): Promise<string> {
  const svgNamespace = 'http://www.w3.org/2000/svg';
  const { mermaid } = globalThis as unknown as {
    mermaid: {
      initialize(config: object): void;
      render(id: string, source: string): Promise<{ svg: string }>;
    };
  };
  mermaid.initialize(config);
  const holder = document.createElement('div');
  document.body.append(holder);
  holder.innerHTML = (await mermaid.render(id, source)).svg;
  const svg = holder.querySelector('svg');
  if (!svg) throw new Error('Mermaid returned no svg element');

  for (const rect of svg.querySelectorAll('.node rect:not([rx]), .node rect[rx="0"]'))
    rect.setAttribute('rx', '8');
  for (const rect of svg.querySelectorAll('.cluster rect')) rect.setAttribute('rx', '12');
  for (const rect of svg.querySelectorAll('.edgeLabel rect')) rect.setAttribute('rx', '3');

  // A group's name stands at its left, where no arrow crosses it.
  for (const cluster of svg.querySelectorAll('.cluster')) {
    const box = cluster.querySelector('rect');
    const label = cluster.querySelector('.cluster-label');
    const top = /,\s*([-\d.]+)/.exec(label?.getAttribute('transform') ?? '')?.[1] ?? '0';
    label?.setAttribute('transform', `translate(${Number(box?.getAttribute('x') ?? 0) + 14}, ${top})`);
  }

  // A node that is an answer carries a tick on its corner.
  for (const node of svg.querySelectorAll<SVGGElement>('.node.pick')) {
    const box = node.querySelector<SVGGraphicsElement>('rect')?.getBBox();
    if (!box) continue;
    const shape = node.querySelector('rect') as SVGRectElement;
    const tick = document.createElementNS(svgNamespace, 'g');
    tick.setAttribute('transform', `translate(${box.x} ${box.y + box.height / 2})`);
    const disc = document.createElementNS(svgNamespace, 'circle');
    disc.setAttribute('r', '8.5');
    disc.setAttribute('style', `fill: ${getComputedStyle(shape).stroke}; stroke: ${paper}; stroke-width: 2`);
    const stroke = document.createElementNS(svgNamespace, 'polyline');
    stroke.setAttribute('points', '-3.6,0.2 -1.1,2.8 3.7,-2.5');
    stroke.setAttribute('style', `fill: none; stroke: ${paper}; stroke-width: 1.8; stroke-linecap: round`);
    tick.append(disc, stroke);
    node.append(tick);
  }

  // An edge's name is that of its ends; its label has it as well.
  const nameOf = (element: Element, pattern: RegExp): string =>
    pattern.exec(element.getAttribute('data-id') ?? element.id)?.[1] ?? '';
  const names = new Map<Element, readonly [attribute: string, name: string]>();
  for (const node of svg.querySelectorAll('.node'))
    names.set(node, ['data-node', nameOf(node, /flowchart-(.+)-\d+$/)]);
  for (const edge of svg.querySelectorAll('.edgePaths path, .edgeLabel .label[data-id]'))
    names.set(edge, ['data-edge', nameOf(edge, /L_(.+)_\d+$/)]);

  // Only these markers are used by an edge; the rest of Mermaid's set goes.
  const usedMarkers = new Set(
    [...svg.querySelectorAll('[marker-end], [marker-start]')].flatMap((edge) =>
      ['marker-end', 'marker-start'].flatMap(
        (name) => /#([^)"]+)/.exec(edge.getAttribute(name) ?? '')?.slice(1) ?? [],
      ),
    ),
  );
  const properties = [
    'fill',
    'stroke',
    'stroke-width',
    'stroke-dasharray',
    'stroke-linecap',
    'stroke-linejoin',
    'opacity',
    'font-family',
    'font-size',
    'font-weight',
    'text-anchor',
  ] as const;
  const initial: Record<string, string> = {
    stroke: 'none',
    'stroke-dasharray': 'none',
    'stroke-linecap': 'butt',
    'stroke-linejoin': 'miter',
    opacity: '1',
    'text-anchor': 'start',
  };
  const shapes = new Set(['rect', 'circle', 'ellipse', 'polygon', 'polyline', 'path', 'line']);
  const computed = [...svg.querySelectorAll('*')].map((element) => {
    const style = getComputedStyle(element);
    return {
      element,
      values: properties.map((name) => [name, style.getPropertyValue(name)] as const),
    };
  });
  const hex = (value: string): string =>
    value.replace(/^(?:rgb|color)\(.*\)$/, (colour) => {
      const context = document.createElement('canvas').getContext('2d');
      if (!context) return colour;
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
      return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
    });
  for (const { element, values } of computed) {
    const tag = element.localName;
    const isText = tag === 'text';
    for (const name of [
      'style',
      'class',
      'data-id',
      'data-node',
      'data-et',
      'data-look',
      'data-edge',
      'data-points',
    ]) {
      element.removeAttribute(name);
    }
    for (const { name } of [...element.attributes])
      if (name.startsWith('data-')) element.removeAttribute(name);
    const named = names.get(element);
    if (named) element.setAttribute(...named);
    for (const [name, value] of values) {
      const isFont = name.startsWith('font-') || name === 'text-anchor';
      element.removeAttribute(name);
      if (!(isText ? isFont || name === 'fill' : shapes.has(tag) && !isFont)) continue;
      if (initial[name] === value || (name === 'stroke-width' && !element.getAttribute('stroke'))) continue;
      element.setAttribute(name, hex(value));
    }
    if (tag === 'marker') {
      if (usedMarkers.has(element.id)) element.id = `${id}-${[...usedMarkers].indexOf(element.id)}`;
      else element.remove();
    } else {
      element.removeAttribute('id');
      for (const name of ['marker-end', 'marker-start']) {
        const target = /#([^)"]+)/.exec(element.getAttribute(name) ?? '')?.[1];
        if (target) element.setAttribute(name, `url(#${id}-${[...usedMarkers].indexOf(target)})`);
      }
    }
  }
  for (const element of svg.querySelectorAll('style, filter, linearGradient, defs:empty')) element.remove();
  for (const text of svg.querySelectorAll('text')) if (!text.textContent.trim()) text.remove();
  for (const rect of svg.querySelectorAll('rect:not([width])')) rect.remove();
  for (let pass = 0; pass < 4; pass++) for (const group of svg.querySelectorAll('g:empty')) group.remove();
  for (const group of svg.querySelectorAll('g')) {
    if (group.attributes.length === 0) group.replaceWith(...group.childNodes);
  }

  // Mermaid writes each word as a span of its own; one span per line says the same.
  for (const line of svg.querySelectorAll('text > tspan')) line.textContent = line.textContent;

  // The box is drawn anew around what is there, with room for strokes and for ticks on the corners.
  const { x, y, width, height } = svg.getBBox();
  const viewBox = [x - 10, y - 4, width + 20, height + 8];
  for (const { name } of [...svg.attributes]) if (name !== 'xmlns') svg.removeAttribute(name);
  svg.setAttribute('viewBox', viewBox.map((number) => Math.round(number * 10) / 10).join(' '));
  const text = new XMLSerializer().serializeToString(svg);
  holder.remove();
  return text.replace(/\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10));
}
