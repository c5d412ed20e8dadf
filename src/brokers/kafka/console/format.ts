/** Columns, addresses and times as the tools print them. */

/** `%-15s %-10s %s`: cells padded to widths, one blank between; the last has no width of its own. */
export function row(widths: readonly number[], cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => String(cell).padEnd(widths[i] ?? 0)).join(' ');
}

/** Width of a column that is at least so wide, and as wide as its widest cell. */
export function widest(least: number, cells: readonly string[]): number {
  return cells.reduce((width, cell) => Math.max(width, cell.length), least);
}

/** The id of a broker: 2 of `broker-2`. */
export function brokerId(node: string): number {
  return Number(node.slice(node.lastIndexOf('-') + 1));
}

export function brokerIds(nodes: readonly string[]): string {
  return nodes.map(brokerId).join(',');
}

/** How a broker calls itself to its clients. */
export function advertised(node: string): string {
  return `${node}:9092`;
}

/** Where clients of this one machine come from. */
export const CLIENT_HOST = '/127.0.0.1';

/** `orders:0,1;payments:2` */
export function placesByTopic(places: readonly string[]): string {
  const topics = new Map<string, number[]>();
  for (const place of places) {
    const { topic, index } = split(place);
    topics.set(topic, [...(topics.get(topic) ?? []), index]);
  }
  return [...topics]
    .map(([topic, indexes]) => `${topic}:${indexes.sort((a, b) => a - b).join(',')}`)
    .sort()
    .join(';');
}

export function split(place: string): { topic: string; index: number } {
  const at = place.lastIndexOf('-');
  return { topic: place.slice(0, at), index: Number(place.slice(at + 1)) };
}

/** By topic, then by number. */
export function comparePlaces(a: string, b: string): number {
  const [x, y] = [split(a), split(b)];
  return x.topic < y.topic ? -1 : x.topic > y.topic ? 1 : x.index - y.index;
}

const DAY = 86_400_000;

/** A line of the tools' own log. @param nowMs milliseconds of the run, which begins on 1970-01-01 */
export function logLine(nowMs: number, level: 'WARN' | 'ERROR', text: string, logger: string): string {
  return `[${dateTime(nowMs)}] ${level} ${text} (${logger})`;
}

/** `1970-01-01 00:00:05,230` */
export function dateTime(ms: number): string {
  const whole = Math.floor(ms);
  const days = Math.floor(whole / DAY);
  const rest = whole - days * DAY;
  const [year, month, day] = civil(days);
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1000) % 60].map((n) => two(Math.floor(n)));
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${time.join(':')},${String(rest % 1000).padStart(3, '0')}`;
}

/** Year, month and day of a day counted from 1970-01-01 (the proleptic Gregorian calendar). */
function civil(days: number): [number, number, number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return [yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - Math.floor((153 * mp + 2) / 5) + 1];
}

/** Days from 1970-01-01 to a date. */
function daysTo(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy - 719_468;
}

/**
 * `YYYY-MM-DDTHH:mm:SS.sss`, with a zone (`Z`, `+0200`, `+02:00`) or in universal time.
 * @returns milliseconds since 1970-01-01, or null
 */
export function parseDateTime(text: string): number | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{1,3})(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!parts) return null;
  const [year, month, day, hour, minute, second, fraction] = parts.slice(1, 8).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return null;
  const zone = parts[8] ?? 'Z';
  const shift =
    zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)));
  return daysTo(year, month, day) * DAY + ((hour * 60 + minute - shift) * 60 + second) * 1000 + fraction;
}

/** `PnDTnHnMnS` as Java's `Duration.parse`. @returns milliseconds, or null */
export function parseDuration(text: string): number | null {
  const parts =
    /^([+-]?)P(?=.)(?:([+-]?\d+)D)?(?:T(?=.)(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d{0,9})?)S)?)?$/i.exec(
      text,
    );
  if (!parts) return null;
  const [days, hours, minutes, seconds] = parts
    .slice(2)
    .map((part: string | undefined) => Number(part ?? 0)) as [number, number, number, number];
  const ms = days * DAY + hours * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000);
  return parts[1] === '-' ? -ms : ms;
}
