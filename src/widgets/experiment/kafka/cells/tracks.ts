/** Ways across a drawing, and where on them a thing is that travels. Pure. */
import type { Travel } from '../../../../brokers/kafka/view-types.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Track {
  /** The path of an SVG. */
  readonly d: string;
  /** @param t 0 at the beginning, 1 at the end */
  at(t: number): Point;
}

/** The share of its way that a travel has behind it, 0 to 1. What waits for a cut link stays near its sender. */
export function gone({ sentAt, arrivesAt }: Travel, now: number): number {
  if (arrivesAt === null) return 0.12;
  const whole = arrivesAt - sentAt;
  return whole <= 0 ? 1 : Math.max(0, Math.min(1, (now - sentAt) / whole));
}

/** A wire that leaves and arrives level. */
export function curve(x1: number, y1: number, x2: number, y2: number): Track {
  const mid = (x1 + x2) / 2;
  return {
    d: `M${x1} ${y1}C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}`,
    at(t) {
      const u = 1 - t;
      const bezier = (a: number, b: number, c: number, e: number): number =>
        u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * e;
      return { x: bezier(x1, mid, mid, x2), y: bezier(y1, y1, y2, y2) };
    },
  };
}

/** A wire of straight pieces with rounded corners; what travels on it cuts the corners no more than the eye forgives. */
export function polyline(points: readonly [Point, ...Point[]]): Track {
  const lengths = points.slice(1).map((p, i) => {
    const before = points[i] ?? p;
    return Math.hypot(p.x - before.x, p.y - before.y);
  });
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  const towards = (from: Point, to: Point, by: number): Point => {
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const share = Math.min(0.5, by / length);
    return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
  };
  const d = points
    .map((p, i) => {
      const before = points[i - 1];
      const after = points[i + 1];
      if (!before) return `M${p.x} ${p.y}`;
      if (!after) return `L${p.x} ${p.y}`;
      const a = towards(p, before, 7);
      const b = towards(p, after, 7);
      return `L${a.x} ${a.y}Q${p.x} ${p.y} ${b.x} ${b.y}`;
    })
    .join('');
  return {
    d,
    at(t) {
      let left = t * whole;
      for (const [i, length] of lengths.entries()) {
        const from = points[i] as Point;
        const to = points[i + 1] as Point;
        if (left <= length || i === lengths.length - 1) {
          const share = length === 0 ? 1 : Math.min(1, left / length);
          return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
        }
        left -= length;
      }
      return points[0];
    },
  };
}
