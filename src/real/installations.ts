/** Which brokers are up, from one command to the next: a file in the machine's folder for temporary ones. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerId } from '../scenarios/schema.ts';
import type { Installation } from './installation.ts';
import { isAlive, isOfThisBoot } from './processes.ts';

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

export class Installations {
  private readonly folder: string;

  /** @param folder where the file is, and the data of brokers that are started */
  constructor(folder = process.env['BROKERBOOK_REAL'] ?? join(tmpdir(), 'brokerbook-real')) {
    this.folder = folder;
  }

  private get file(): string {
    return join(this.folder, 'installations.json');
  }

  all(): Installation[] {
    return isOfThisBoot(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Installation[]) : [];
  }

  of(broker: BrokerId): Installation | undefined {
    return this.all().find((one) => one.broker === broker);
  }

  /** In the place of what was known of this broker. */
  keep(installation: Installation): void {
    this.write([...this.others(installation.broker), installation]);
  }

  /** Forgets a broker that has been stopped, with its data. */
  forget({ broker, folder }: Installation): void {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    this.write(this.others(broker));
  }

  /** A new folder for a broker's data and logs. */
  newFolder(broker: BrokerId): string {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    return mkdtempSync(join(this.folder, `${broker}-`));
  }

  private others(broker: BrokerId): Installation[] {
    return this.all().filter((one) => one.broker !== broker);
  }

  private write(all: readonly Installation[]): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.file, JSON.stringify(all, null, 2));
  }
}

/** Processes that were started and are no longer there. */
export function deadOf({ nodes }: Installation): string[] {
  return nodes.filter(({ pid }) => pid !== null && !isAlive(pid)).map(({ name }) => name);
}

/** @returns what is wrong with an address, or null */
export function addressProblem(url: string): string | null {
  if (!URL.canParse(url))
    return `expected an address such as amqp://guest:guest@127.0.0.1:5672, got "${url}"`;
  const { hostname } = new URL(url);
  return LOOPBACK.includes(hostname)
    ? null
    : `expected an address of this machine (${LOOPBACK.join(', ')}), got "${hostname}"`;
}

/** A broker that somebody else runs. */
export function atAddress(broker: BrokerId, url: string): Installation {
  return { broker, way: 'address', urls: [url], relayed: [], nodes: [], helpers: [], folder: null };
}
