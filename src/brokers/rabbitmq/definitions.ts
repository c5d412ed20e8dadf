/**
 * What is declared in a cluster's one virtual host, `/`: exchanges, queues, bindings and policies, and what the server
 * says of each declaration. It holds no message: who asks whether a queue is empty brings the count.
 */
import { AmqpError } from './amqp-error.ts';
import type {
  BindingSettings,
  ExchangeSettings,
  PolicySettings,
  QueueSettings,
  Table,
  Version,
} from './config.ts';
import { byKeyAndDestination, identity, implicitBinding, normal } from './definitions/bindings.ts';
import { ageInMs, checkQueue, knownArguments, queueType, type QueueType } from './definitions/arguments.ts';
import { assertSame, assertSameArguments, lockedError } from './definitions/equivalence.ts';
import {
  checkBinding,
  checkExchange,
  checkExchangeType,
  checkName,
  checkNotDefault,
  type ExchangeDeclaration,
  predeclared,
} from './definitions/exchanges.ts';
import { consumerTimeoutOf, expiryOf, type Limited, limitsOf } from './definitions/limits.ts';
import { Policies, type Subject } from './definitions/policies.ts';
import { resource } from './definitions/terms.ts';
import type { Micros } from '../../sim/time.ts';
import type { QueueLimits } from './queue.ts';
import { addToRing, removeFromRing, type Ring } from './routing/consistent-hash.ts';
import { phash2OfText } from './routing/erlang-hash.ts';
import { own } from './routing/explain-headers.ts';

export type QueueDeclaration = QueueSettings & { readonly exclusive: boolean };

export interface QueueDefinition {
  readonly name: string;
  readonly type: QueueType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** the connection that alone may use it; null for all. */
  readonly owner: string | null;
  readonly arguments: Table;
  /** The node that declared it. */
  readonly node: number;
}

/** What went, and what went with it. In the order in which it went. */
export interface Removed {
  readonly exchanges: readonly string[];
  readonly queues: readonly string[];
  readonly bindings: readonly BindingSettings[];
}

/** What `rabbitmqctl list_exchanges` and `list_queues` know beside the declaration. */
export type ExchangeRow = ExchangeSettings & { readonly policy: string | null };
export interface QueueRow extends QueueDefinition {
  readonly exclusive: boolean;
  readonly policy: string | null;
  readonly operatorPolicy: string | null;
  readonly effectivePolicyDefinition: Table;
}

/** What a deletion asks of a queue, and what its caller knows of it. */
export interface QueueUse {
  readonly ifUnused: boolean;
  readonly ifEmpty: boolean;
  readonly consumers: number;
  /** Ready messages. */
  readonly messages: number;
}

interface Exchange {
  readonly settings: ExchangeSettings;
  /** By what tells them apart, in the order of being bound. */
  readonly bindings: Map<string, BindingSettings>;
  ring: Ring;
  /** {@link Definitions.revision} when its bindings last changed. */
  revision: number;
}

interface Leaving {
  readonly exchanges: string[];
  readonly queues: string[];
  readonly bindings: BindingSettings[];
}

export class Definitions {
  readonly version: Version;
  /** Counts up with every change: what was computed from an older one may be wrong. */
  revision = 0;
  private readonly exchangesByName = new Map<string, Exchange>();
  private readonly queuesByName = new Map<string, QueueDefinition>();
  private readonly policySet: Policies;
  /** Names that the server has given. */
  private generated = 0;

  constructor(version: Version) {
    this.version = version;
    this.policySet = new Policies(version);
    for (const given of predeclared(version)) {
      this.addExchange({ ...given, durable: true, autoDelete: false, arguments: {} });
    }
  }

  /**
   * exchange.declare. @returns whether it is new
   * @throws AmqpError 403 a reserved name; 406 other properties than it has, bad arguments; 503 or 406 an unknown type
   */
  declareExchange(declared: ExchangeDeclaration): boolean {
    const { name, type } = declared;
    checkExchangeType(this.version, type);
    checkNotDefault(name);
    const existing = this.exchangesByName.get(name);
    if (existing === undefined) {
      checkName('exchange', name);
      const settings: ExchangeSettings = { ...declared, type };
      checkExchange(settings);
      this.addExchange(settings);
      return true;
    }
    const what = resource('exchange', name);
    const { settings } = existing;
    assertSame(what, 'type', settings.type, type);
    assertSame(what, 'durable', settings.durable, declared.durable);
    assertSame(what, 'auto_delete', settings.autoDelete, declared.autoDelete);
    assertSame(what, 'internal', settings.internal, declared.internal);
    assertSameArguments(what, ['alternate-exchange'], settings.arguments, declared.arguments);
    return false;
  }

  /** exchange.declare that only asks. @throws AmqpError 404, 403 for the default exchange */
  passiveExchange(name: string): void {
    checkNotDefault(name);
    this.exchangeOrThrow(name);
  }

  /**
   * exchange.delete; one that is not there is deleted all the same.
   * @throws AmqpError 403 of the server's own, 406 in use
   */
  deleteExchange(name: string, ifUnused = false): Removed {
    checkNotDefault(name);
    if (name.startsWith('amq.')) {
      throw new AmqpError(403, `deletion of system ${resource('exchange', name)} not allowed`);
    }
    const exchange = this.exchangesByName.get(name);
    if (ifUnused && exchange !== undefined && exchange.bindings.size > 0) {
      throw new AmqpError(406, `${resource('exchange', name)} in use`);
    }
    return this.leave((leaving) => {
      this.dropExchange(name, leaving);
    });
  }

  /**
   * queue.declare.
   * @param declared with the name "" the server finds one
   * @param connection who declares, and owns it where it is exclusive
   * @throws AmqpError 403 a reserved name; 405 another's; 406 other properties than it has, bad arguments; 541 a
   * transient queue for all
   */
  declareQueue(
    declared: QueueDeclaration,
    connection: string,
  ): { readonly name: string; readonly isNew: boolean } {
    const durable = declared.durable && !declared.exclusive;
    const owner = declared.exclusive ? connection : null;
    const given = this.withType(declared.arguments);
    const name = declared.name === '' ? this.serverName(given) : declared.name;
    if (declared.name !== '') checkName('queue', name);
    const existing = this.queuesByName.get(name);
    if (existing === undefined) {
      const { autoDelete, exclusive, node } = declared;
      checkQueue(this.version, { name, durable, exclusive, autoDelete, arguments: given });
      const type = queueType(name, given);
      const queue = { name, type, durable, autoDelete, owner, arguments: given, node };
      this.queuesByName.set(name, Object.freeze(queue));
      this.revision++;
      return { name, isNew: true };
    }
    const what = resource('queue', name);
    if (existing.owner !== owner) throw lockedError(name);
    assertSame(what, 'durable', existing.durable, durable);
    assertSame(what, 'auto_delete', existing.autoDelete, declared.autoDelete);
    const names = knownArguments(this.version, existing.type);
    const [current, asked] = [existing.arguments, given].map((all) => ageInMs(this.version, all));
    assertSameArguments(what, names, current!, asked!);
    return { name, isNew: false };
  }

  /**
   * A queue for one who means to use it: queue.declare that only asks, basic.consume, basic.get, queue.purge.
   * @param connection null for the server's own tools, which may use every queue
   * @throws AmqpError 404, 405
   */
  queueFor(name: string, connection: string | null): QueueDefinition {
    const queue = this.queuesByName.get(name);
    if (queue === undefined) throw new AmqpError(404, `no ${resource('queue', name)}`);
    if (connection !== null && queue.owner !== null && queue.owner !== connection) throw lockedError(name);
    return queue;
  }

  /**
   * queue.delete; one that is not there is deleted all the same.
   * @throws AmqpError 405 another's; 406 in use, not empty; 540 of a quorum queue asked on a condition
   */
  deleteQueue(name: string, connection: string | null, use?: QueueUse): Removed {
    if (!this.queuesByName.has(name)) return { exchanges: [], queues: [], bindings: [] };
    const queue = this.queueFor(name, connection);
    const what = resource('queue', name);
    if (use !== undefined && queue.type === 'quorum' && (use.ifUnused || use.ifEmpty)) {
      const flag = use.ifUnused ? 'if-unused' : 'if-empty';
      const text = `queue.delete operations with ${flag} flag set are not supported by quorum queues`;
      throw new AmqpError(540, `cannot delete ${what}. ${text}`);
    }
    if (use !== undefined && queue.type === 'classic') {
      if (use.ifEmpty && use.messages > 0) throw new AmqpError(406, `${what} not empty`);
      if (use.ifUnused && use.consumers > 0) throw new AmqpError(406, `${what} in use`);
    }
    return this.removeQueues((candidate) => candidate.name === name);
  }

  /** its last consumer has gone. What goes with it, if it is an auto-delete queue. */
  lastConsumerGone(name: string): Removed {
    return this.removeQueues((queue) => queue.name === name && queue.autoDelete);
  }

  /** it has been unused for too long. */
  queueExpired(name: string): Removed {
    return this.removeQueues((queue) => queue.name === name);
  }

  /** the connection is gone, and its exclusive queues with it. */
  connectionClosed(connection: string): Removed {
    return this.removeQueues((queue) => queue.owner === connection);
  }

  /** A node stopped, and others run on: transient queues that it had are gone. */
  nodeStopped(node: number): Removed {
    return this.removeQueues((queue) => queue.node === node && !queue.durable);
  }

  /**
   * Every node has stopped: what is not durable is gone, and a ring is made again from its bindings in their own order.
   * The metadata store of 4.3 keeps exchanges and rings as they are.
   */
  allStopped(): Removed {
    const queues = this.removeQueues((queue) => !queue.durable);
    if (this.version === '4.3') return queues;
    const exchanges = this.leave((leaving) => {
      for (const { settings } of [...this.exchangesByName.values()]) {
        if (!settings.durable) this.dropExchange(settings.name, leaving);
      }
    });
    for (const exchange of this.exchangesByName.values()) {
      if (exchange.settings.type !== 'x-consistent-hash') continue;
      exchange.ring = [...exchange.bindings.values()].sort(byKeyAndDestination).reduce<Ring>(addToRing, []);
      exchange.revision = ++this.revision;
    }
    return {
      exchanges: [...queues.exchanges, ...exchanges.exchanges],
      queues: queues.queues,
      bindings: [...queues.bindings, ...exchanges.bindings],
    };
  }

  /**
   * queue.bind, exchange.bind. @returns whether it is new
   * @throws AmqpError 403, 404, 405; 406 where the exchange's type takes no such binding
   */
  bind(asked: BindingSettings, connection: string | null): boolean {
    const binding = normal(asked);
    const source = this.sourceOf(binding) ?? this.missingEnd(binding);
    checkBinding(this.version, source.settings, binding);
    this.checkAccess(binding, connection);
    const id = identity(binding);
    if (source.bindings.has(id)) return false;
    source.bindings.set(id, binding);
    if (source.settings.type === 'x-consistent-hash') source.ring = addToRing(source.ring, binding);
    source.revision = ++this.revision;
    return true;
  }

  /** queue.unbind, exchange.unbind; what is not bound is unbound all the same. @throws AmqpError 403, 405 */
  unbind(asked: BindingSettings, connection: string | null): Removed {
    const binding = normal(asked);
    const bound = this.sourceOf(binding)?.bindings.get(identity(binding));
    if (bound !== undefined) this.checkAccess(binding, connection);
    return this.leave((leaving) => {
      if (bound !== undefined) this.dropBinding(bound, leaving);
    });
  }

  /** @returns what `rabbitmqctl set_policy` says is wrong with it; null: it holds now */
  setPolicy(policy: PolicySettings): string | null {
    this.revision++;
    return this.policySet.set(policy);
  }

  /** @returns whether there was one */
  clearPolicy(name: string, operator: boolean): boolean {
    this.revision++;
    return this.policySet.clear(name, operator);
  }

  /** what holds for a queue, by its arguments, its policies and the version. */
  effectiveLimits(name: string): QueueLimits {
    return limitsOf(this.version, this.limited(name));
  }

  /** how long it may be unused; null, for ever. */
  expiry(name: string): Micros | null {
    return expiryOf(this.version, this.limited(name));
  }

  /** how long a delivery may be unacknowledged; null: as the node says. */
  consumerTimeout(name: string): Micros | null {
    return consumerTimeoutOf(this.version, this.limited(name));
  }

  exchange(name: string): ExchangeSettings | undefined {
    return this.exchangesByName.get(name)?.settings;
  }

  queue(name: string): QueueDefinition | undefined {
    return this.queuesByName.get(name);
  }

  hasQueue(name: string): boolean {
    return this.queuesByName.has(name);
  }

  /** What a router needs of an exchange. `revision`: when its bindings last changed. */
  routing(name: string): Pick<Exchange, 'settings' | 'bindings' | 'ring' | 'revision'> | undefined {
    return this.exchangesByName.get(name);
  }

  /** by argument, else by policy. */
  alternateOf(name: string): string | null {
    const given = this.exchangesByName.get(name)?.settings.arguments;
    const alternate =
      (given && own(given, 'alternate-exchange')) ??
      this.policySet.definition({ kind: 'exchange', name })['alternate-exchange'];
    return typeof alternate === 'string' ? alternate : null;
  }

  /** All exchanges, the default one included, in the order of declaration. */
  exchanges(): readonly ExchangeRow[] {
    return Array.from(this.exchangesByName.values(), ({ settings }) => {
      const policy = this.policySet.applied({ kind: 'exchange', name: settings.name }, false);
      return { ...settings, policy: policy?.name ?? null };
    });
  }

  queues(): readonly QueueRow[] {
    return Array.from(this.queuesByName.values(), (queue) => {
      const subject: Subject = { kind: 'queue', name: queue.name, type: queue.type };
      return {
        ...queue,
        exclusive: queue.owner !== null,
        policy: this.policySet.applied(subject, false)?.name ?? null,
        operatorPolicy: this.policySet.applied(subject, true)?.name ?? null,
        effectivePolicyDefinition: this.policySet.definition(subject),
      };
    });
  }

  /** The default exchange's bindings first, which have the source "". */
  bindings(): readonly BindingSettings[] {
    const rows = Array.from(this.queuesByName.keys(), implicitBinding);
    for (const { bindings } of this.exchangesByName.values()) rows.push(...bindings.values());
    return rows;
  }

  policies(operator = false): readonly PolicySettings[] {
    return this.policySet.list(operator);
  }

  private addExchange(settings: ExchangeSettings): void {
    this.revision++;
    const exchange = {
      settings: Object.freeze(settings),
      bindings: new Map(),
      ring: [],
      revision: this.revision,
    };
    this.exchangesByName.set(settings.name, exchange);
  }

  private exchangeOrThrow(name: string): Exchange {
    const exchange = this.exchangesByName.get(name);
    if (exchange === undefined) throw new AmqpError(404, `no ${resource('exchange', name)}`);
    return exchange;
  }

  /** Since 4.0 a queue's arguments always say its type. */
  private withType(given: Table): Table {
    if (this.version === '3.10' || own(given, 'x-queue-type') !== undefined) return given;
    return { ...given, 'x-queue-type': 'classic' };
  }

  /** The server draws its names at random; here they are a hash of a counter. */
  private serverName(given: Table): string {
    const type = queueType('', given);
    if (type !== 'classic') {
      throw new AmqpError(406, `Cannot declare a server-named queue for type rabbit_${type}_queue`);
    }
    let name: string;
    do {
      this.generated++;
      name = `amq.gen-${randomLooking(this.generated)}`;
    } while (this.queuesByName.has(name));
    return name;
  }

  /** The source of a binding whose ends are both there; null where one is not. @throws AmqpError 403 */
  private sourceOf({ source, destination, destinationType }: BindingSettings): Exchange | null {
    const toQueue = destinationType === 'queue';
    if (!toQueue) checkNotDefault(destination);
    checkNotDefault(source);
    const isThere = (toQueue ? this.queuesByName : this.exchangesByName).has(destination);
    return (isThere && this.exchangesByName.get(source)) || null;
  }

  private missingEnd({ source, destination, destinationType }: BindingSettings): never {
    this.exchangeOrThrow(source);
    throw new AmqpError(404, `no ${resource(destinationType, destination)}`);
  }

  /** only its owner binds an exclusive queue. */
  private checkAccess(binding: BindingSettings, connection: string | null): void {
    if (binding.destinationType === 'queue') this.queueFor(binding.destination, connection);
  }

  private leave(remove: (leaving: Leaving) => void): Removed {
    const leaving: Leaving = { exchanges: [], queues: [], bindings: [] };
    remove(leaving);
    if (leaving.exchanges.length + leaving.queues.length + leaving.bindings.length > 0) this.revision++;
    return leaving;
  }

  private removeQueues(which: (queue: QueueDefinition) => boolean): Removed {
    return this.leave((leaving) => {
      for (const queue of [...this.queuesByName.values()]) {
        if (!which(queue)) continue;
        this.queuesByName.delete(queue.name);
        leaving.queues.push(queue.name);
        this.dropBindingsTo('queue', queue.name, leaving);
      }
    });
  }

  /** Its own bindings, and those that lead to it. */
  private dropExchange(name: string, leaving: Leaving): void {
    const exchange = this.exchangesByName.get(name);
    if (exchange === undefined) return;
    this.exchangesByName.delete(name);
    leaving.exchanges.push(name);
    leaving.bindings.push(...exchange.bindings.values());
    this.dropBindingsTo('exchange', name, leaving);
  }

  private dropBindingsTo(kind: 'queue' | 'exchange', name: string, leaving: Leaving): void {
    for (const { bindings } of [...this.exchangesByName.values()]) {
      for (const binding of [...bindings.values()]) {
        if (binding.destination === name && binding.destinationType === kind)
          this.dropBinding(binding, leaving);
      }
    }
  }

  /** an auto-delete exchange goes with its last binding. */
  private dropBinding(binding: BindingSettings, leaving: Leaving): void {
    const source = this.exchangesByName.get(binding.source);
    if (source === undefined) return;
    source.bindings.delete(identity(binding));
    source.ring = removeFromRing(source.ring, binding);
    source.revision = this.revision + 1;
    leaving.bindings.push(binding);
    if (source.settings.autoDelete && source.bindings.size === 0) this.dropExchange(binding.source, leaving);
  }

  private limited(name: string): Limited {
    const queue = this.queueFor(name, null);
    const policy = this.policySet.definition({ kind: 'queue', name, type: queue.type });
    return { type: queue.type, arguments: queue.arguments, policy };
  }
}

const BASE64_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The 22 characters of a server's name, another for each number. */
function randomLooking(number: number): string {
  let text = '';
  for (let i = 0; i < 22; i++) text += BASE64_URL[phash2OfText(`${number} ${i}`) % 64]!;
  return text;
}
