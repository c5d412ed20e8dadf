// The kernel's contract: order and ties, links, faults. Each test is a tiny world of scripted actors.
import { describe, expect, it } from 'vitest';
import { AssertionFailed } from '../../../src/sim/errors.ts';
import { Kernel, type Actor, type LinkQuality, type Port } from '../../../src/sim/kernel.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

class Probe implements Actor {
  readonly id: string;
  readonly port: Port;
  readonly log: string[] = [];
  onStart: ((probe: Probe) => void) | null = null;
  reads = false;

  constructor(id: string, port: Port) {
    this.id = id;
    this.port = port;
  }

  readsWhatArrived(): boolean {
    return this.reads;
  }

  start(): void {
    this.onStart?.(this);
  }

  receive(message: unknown, from: string): void {
    this.log.push(`${this.port.now()} ${from}:${String(message)}`);
  }

  wake(timer: string): void {
    this.log.push(`${this.port.now()} ${timer}`);
  }

  disconnected(peer: string): void {
    this.log.push(`${this.port.now()} lost ${peer}`);
  }
}

function world(ids: string[], quality: Partial<LinkQuality> = {}, seed = 1) {
  const trace: TraceEvent[] = [];
  const kernel = new Kernel({
    seed,
    network: { latencyMs: 1, jitterMs: 0, loss: 0, ...quality },
    sink: { on: (event) => void trace.push(event) },
  });
  const probes: Record<string, Probe> = {};
  for (const id of ids) {
    kernel.add((port) => (probes[id] = new Probe(id, port)), id);
    kernel.start(id);
  }
  const runAll = (): void => {
    while (kernel.step());
  };
  const send = (from: string, to: string, text: string): void => {
    probes[from]!.port.send(to, text, { what: text });
  };
  return { kernel, probes, trace, runAll, send };
}

/** What a process has met, without when. */
const said = (probe: Probe | undefined): string[] =>
  probe?.log.map((line) => line.replace(/^\d+ /, '')) ?? [];

describe('time and order', () => {
  it('handles entries of one instant in the order in which they were scheduled', () => {
    const { probes, runAll } = world(['a']);
    for (const name of ['first', 'second', 'third']) probes.a!.port.timer(5, name, null);
    probes.a!.port.timer(4, 'earlier', null);
    runAll();
    expect(probes.a?.log).toEqual(['4 earlier', '5 first', '5 second', '5 third']);
  });

  it('never handles a timer that was cancelled, and ignores a ticket that has surfaced', () => {
    const { probes, runAll } = world(['a']);
    const ticket = probes.a!.port.timer(1, 'kept', null);
    probes.a!.port.cancel(probes.a!.port.timer(2, 'cancelled', null));
    runAll();
    probes.a!.port.cancel(ticket);
    probes.a!.port.timer(1, 'reuses the slot', null);
    probes.a!.port.cancel(ticket);
    runAll();
    expect(probes.a?.log).toEqual(['1 kept', '2 reuses the slot']);
  });

  it('stamps events with a dense sequence and the virtual time', () => {
    const { kernel, trace, runAll, send } = world(['a', 'b']);
    send('a', 'b', 'x');
    runAll();
    send('a', 'b', 'y');
    expect(trace.map(({ seq, at, kind }) => [seq, at, kind])).toEqual([
      [0, 0, 'sent'],
      [1, fromMs(1), 'sent'],
    ]);
    expect(kernel.emitted).toBe(2);
  });

  it('turns a model that never settles into an error', () => {
    const { kernel, probes } = world(['a']);
    const probe = probes.a!;
    probe.wake = () => void probes.a!.port.timer(0, 'again', null);
    probes.a!.port.timer(0, 'again', null);
    expect(() => {
      while (kernel.step());
    }).toThrow(AssertionFailed);
  });
});

describe('links', () => {
  it('keep order per direction whatever the jitter', () => {
    const { probes, runAll, send } = world(['a', 'b'], { jitterMs: 500 });
    for (let i = 0; i < 50; i++) send('a', 'b', String(i));
    runAll();
    expect(probes.b?.log.map((line) => line.split(':')[1])).toEqual(
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
  });

  it('turn loss into delay, never into a gap', () => {
    const { probes, runAll, send } = world(['a', 'b'], { loss: 0.5 });
    for (let i = 0; i < 30; i++) send('a', 'b', String(i));
    runAll();
    expect(probes.b?.log).toHaveLength(30);
    expect(Number(probes.b?.log.at(-1)?.split(' ')[0])).toBeGreaterThan(fromMs(200));
  });

  it('hold what is sent while cut, and carry it on in order when healed', () => {
    const { kernel, probes, trace, runAll, send } = world(['a', 'b']);
    kernel.cut('a', 'b');
    send('a', 'b', 'one');
    send('a', 'b', 'two');
    runAll();
    expect(probes.b?.log).toEqual([]);
    expect(trace.map((event) => event.kind === 'sent' && event.arrivesAt)).toEqual([null, null]);
    kernel.heal('a', 'b');
    runAll();
    expect(probes.b?.log).toEqual([`${fromMs(1)} a:one`, `${fromMs(1)} a:two`]);
  });

  it('lose what is on the wire when the connection breaks, and tell the peer', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    send('a', 'b', 'too late');
    kernel.disconnect('a', 'b');
    send('a', 'b', 'new connection');
    runAll();
    expect(probes.b?.log).toEqual([`${fromMs(1)} lost a`, `${fromMs(1)} a:new connection`]);
  });

  it.each([true, false])(
    'give who reads it what was sent before its sender closed, then the news; what comes back is gone: %s',
    (reads) => {
      const { kernel, probes, runAll, send } = world(['a', 'b']);
      probes.a!.reads = true;
      probes.b!.reads = reads;
      send('a', 'b', 'on its way');
      send('b', 'a', 'refused');
      kernel.disconnect('a', 'b');
      send('a', 'b', 'new connection');
      runAll();
      expect(said(probes.a)).toEqual([]);
      expect(said(probes.b)).toEqual([...(reads ? ['a:on its way'] : []), 'lost a', 'a:new connection']);
    },
  );

  it.each([true, false])(
    'carry on, when a cut heals, what was sent into it and given up, to who reads it: %s',
    (reads) => {
      const { kernel, probes, runAll, send } = world(['a', 'b']);
      probes.a!.reads = true;
      probes.b!.reads = reads;
      send('a', 'b', 'hello');
      runAll();
      kernel.cut('a', 'b');
      send('a', 'b', 'given up');
      send('b', 'a', 'refused');
      kernel.disconnect('a', 'b');
      send('a', 'b', 'new connection');
      send('b', 'a', 'not heard yet');
      runAll();
      expect(said(probes.b)).toEqual(['a:hello']);
      kernel.heal('a', 'b');
      runAll();
      expect(said(probes.a)).toEqual([]);
      expect(said(probes.b)).toEqual([
        'a:hello',
        ...(reads ? ['a:given up'] : []),
        'lost a',
        'a:new connection',
      ]);
      send('b', 'a', 'answer');
      runAll();
      expect(said(probes.a)).toEqual(['b:answer']);
    },
  );

  it('let nobody in while cut: what was sent on a connection that was begun and given up meanwhile is gone', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    probes.b!.reads = true;
    kernel.cut('a', 'b');
    send('a', 'b', 'first');
    kernel.disconnect('a', 'b');
    send('a', 'b', 'second');
    kernel.disconnect('a', 'b');
    send('a', 'b', 'third');
    kernel.heal('a', 'b');
    // This one is made now, and a further cut finds it so.
    kernel.cut('a', 'b');
    send('a', 'b', 'fourth');
    kernel.disconnect('a', 'b');
    kernel.heal('a', 'b');
    runAll();
    expect(said(probes.b).filter((line) => line.startsWith('a:'))).toEqual(['a:third', 'a:fourth']);
  });

  it('carry what was sent into a cut and given up to no later life, and none that its sender’s death took', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b', 'c']);
    probes.b!.reads = true;
    for (const from of ['a', 'c']) {
      send(from, 'b', 'hello');
      runAll();
      kernel.cut(from, 'b');
      send(from, 'b', 'given up');
      kernel.disconnect(from, 'b');
    }
    kernel.crash('c');
    kernel.heal('c', 'b');
    runAll();
    expect(said(probes.b)).toEqual(['a:hello', 'c:hello', 'lost c']);
    kernel.crash('b');
    kernel.start('b');
    kernel.heal('a', 'b');
    send('a', 'b', 'anew');
    runAll();
    expect(said(probes.b)).toEqual(['a:hello', 'c:hello', 'lost c', 'a:anew']);
  });

  it('a connection that both close behind a cut is over for both, and the next one is made', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    send('a', 'b', 'hello');
    send('b', 'a', 'hello');
    runAll();
    kernel.cut('a', 'b');
    kernel.disconnect('b', 'a');
    kernel.disconnect('a', 'b');
    kernel.heal('a', 'b');
    send('a', 'b', 'anew');
    runAll();
    send('b', 'a', 'answer');
    runAll();
    expect(said(probes.a)).toEqual(['b:hello', 'b:answer']);
    expect(said(probes.b)).toEqual(['a:hello', 'lost a', 'a:anew']);
  });

  it('refuse a connection to a process that is not running', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    kernel.crash('b');
    send('a', 'b', 'anyone there?');
    runAll();
    expect(probes.a?.log).toEqual([`${fromMs(1)} lost b`]);
  });
});

describe('faults', () => {
  it('a crash voids timers and messages of that life, and breaks connections', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    send('a', 'b', 'hello');
    runAll();
    probes.b!.port.timer(fromMs(5), 'never', null);
    send('a', 'b', 'never');
    kernel.crash('b');
    kernel.start('b');
    probes.b!.port.timer(fromMs(5), 'second life', null);
    runAll();
    expect(probes.b?.log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['a:hello', 'second life']);
    expect(probes.a?.log).toEqual([`${fromMs(2)} lost b`]);
  });

  it('a peer behind a cut link learns of a crash when the link heals; until it has heard, what it sends is lost', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    send('a', 'b', 'hello');
    runAll();
    kernel.cut('a', 'b');
    kernel.crash('b');
    send('a', 'b', 'into the void');
    kernel.start('b');
    send('a', 'b', 'on a dead connection');
    kernel.heal('a', 'b');
    send('a', 'b', 'not heard yet');
    runAll();
    expect(probes.a?.log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['lost b']);
    send('a', 'b', 'anew');
    runAll();
    expect(probes.b?.log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['a:hello', 'a:anew']);
  });

  it('what a process sent before it died still arrives, and then the news of its death', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b'], { jitterMs: 100 });
    send('a', 'b', 'last words');
    kernel.crash('a');
    runAll();
    expect(probes.b?.log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['a:last words', 'lost a']);
  });

  it('a process that stops by its own will closes its connections behind its last words', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    send('a', 'b', 'last words');
    send('b', 'a', 'too late');
    kernel.exit('a');
    runAll();
    expect(probes.a?.log).toEqual([]);
    expect(probes.b?.log.map((line) => line.replace(/^\d+ /, ''))).toEqual(['a:last words', 'lost a']);
  });

  it('a pause defers everything, in order, until it ends', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    kernel.pause('b');
    probes.b!.port.timer(10, 'timer', null);
    send('a', 'b', 'message');
    runAll();
    expect(probes.b?.log).toEqual([]);
    kernel.resume('b');
    runAll();
    expect(probes.b?.log).toEqual([`${fromMs(1)} timer`, `${fromMs(1)} a:message`]);
  });

  it('what comes at the moment at which a pause ends comes after what waited: links keep their order', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    kernel.pause('b');
    send('a', 'b', 'first');
    runAll();
    // Goes on at 2 ms, before the second arrives then.
    probes.a!.port.timer(fromMs(1), 'resumes b', null);
    probes.a!.wake = () => {
      kernel.resume('b');
    };
    send('a', 'b', 'second');
    probes.b!.port.timer(fromMs(1), 'timer', null);
    runAll();
    const at = fromMs(2);
    expect(probes.b?.log).toEqual([`${at} a:first`, `${at} a:second`, `${at} timer`]);
  });

  it('a timer that was due in a pause, and is cancelled by what came before it, does not wake', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    const { port } = probes.b!;
    const timeout = port.timer(fromMs(5), 'timeout', null);
    port.timer(fromMs(6), 'another', null);
    const receive = probes.b!.receive.bind(probes.b);
    probes.b!.receive = (message, from) => {
      port.cancel(timeout);
      receive(message, from);
    };
    kernel.pause('b');
    send('a', 'b', 'answer');
    runAll();
    kernel.resume('b');
    runAll();
    expect(said(probes.b)).toEqual(['a:answer', 'another']);
  });

  it('a process that pauses again while it catches up goes on where it was', () => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    const receive = probes.b!.receive.bind(probes.b);
    probes.b!.receive = (message, from) => {
      receive(message, from);
      if (message === 'one') kernel.pause('b');
    };
    kernel.pause('b');
    for (const message of ['one', 'two', 'three']) send('a', 'b', message);
    runAll();
    kernel.resume('b');
    send('a', 'b', 'four');
    runAll();
    expect(said(probes.b)).toEqual(['a:one']);
    kernel.resume('b');
    runAll();
    expect(said(probes.b)).toEqual(['a:one', 'a:two', 'a:three', 'a:four']);
  });

  it.each([true, false])('what arrived in a pause is read after it by who does that: %s', (reads) => {
    const { kernel, probes, runAll, send } = world(['a', 'b']);
    probes.b!.reads = reads;
    kernel.pause('b');
    send('a', 'b', 'arrived');
    runAll();
    send('a', 'b', 'on its way');
    kernel.disconnect('a', 'b');
    runAll();
    kernel.resume('b');
    runAll();
    expect(said(probes.b)).toEqual([...(reads ? ['a:arrived', 'a:on its way'] : []), 'lost a']);
  });

  it('a clock skew changes what a process reads, not when things happen', () => {
    const { kernel, probes } = world(['a']);
    kernel.setSkew('a', 500);
    expect(probes.a?.port.clock()).toBe(500);
    expect(probes.a?.port.now()).toBe(0);
  });
});

describe('randomness', () => {
  it('is drawn per name: another process does not change what one draws', () => {
    const alone = world(['a'], {}, 42).probes.a!.port.random;
    const other = world(['b', 'a'], {}, 42);
    other.probes.b!.port.random.uint32();
    expect(other.probes.a!.port.random.uint32()).toBe(alone.uint32());
  });

  it('differs by seed and by name', () => {
    const draw = (seed: number, id: string): number => world([id], {}, seed).probes[id]!.port.random.uint32();
    expect(new Set([draw(1, 'a'), draw(2, 'a'), draw(1, 'b'), draw(2 ** 40 + 1, 'a')]).size).toBe(4);
  });
});
