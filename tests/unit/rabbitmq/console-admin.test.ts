// The Python rabbitmqadmin against what the one of RabbitMQ 3.10.8 printed on this machine, command by command; the cluster
// is that of console-harness.ts. Then version 2, which comes with RabbitMQ 4.x: its source and its guide say what it prints.
import { describe, expect, it } from 'vitest';
import { consoleOn, recorded, text } from './console-harness.ts';

const admin = consoleOn();

describe('rabbitmqadmin (3.10) lists', () => {
  it('queues, in a table with its headings centred', () => {
    expect(
      admin('rabbitmqadmin list queues name messages messages_ready messages_unacknowledged consumers type'),
    ).toEqual({
      exit: 0,
      lines: text(`
      +---------+----------+----------------+-------------------------+-----------+---------+
      |  name   | messages | messages_ready | messages_unacknowledged | consumers |  type   |
      +---------+----------+----------------+-------------------------+-----------+---------+
      | audit   | 0        | 0              | 0                       | 0         | stream  |
      | billing | 7        | 5              | 2                       | 1         | classic |
      | dead    | 1        | 1              | 0                       | 0         | classic |
      | ship    | 7        | 5              | 2                       | 1         | quorum  |
      | temp    | 0        | 0              | 0                       | 1         | classic |
      +---------+----------+----------------+-------------------------+-----------+---------+`),
    });
    expect(admin('rabbitmqadmin list queues').lines[1]).toBe('|  name   | messages |');
    expect(admin('rabbitmqadmin list queues vhost name messages arguments.x-queue-type').lines[3]).toBe(
      '| /     | audit   | 0        | stream                 |',
    );
    // An unknown column is an empty one.
    expect(admin('rabbitmqadmin list queues nope').lines.slice(0, 4)).toEqual([
      '+------+',
      '| nope |',
      '+------+',
      '|      |',
    ]);
  });

  it('exchanges, bindings and consumers', () => {
    expect(admin('rabbitmqadmin list exchanges').lines).toEqual(
      text(`
      +--------------------+---------+
      |        name        |  type   |
      +--------------------+---------+
      |                    | direct  |
      | amq.direct         | direct  |
      | amq.fanout         | fanout  |
      | amq.headers        | headers |
      | amq.match          | headers |
      | amq.rabbitmq.trace | topic   |
      | amq.topic          | topic   |
      | hdr                | headers |
      | orders             | topic   |
      | unrouted           | fanout  |
      +--------------------+---------+`),
    );
    expect(admin('rabbitmqadmin list bindings').lines).toEqual(
      text(`
      +----------+-------------+-------------+
      |  source  | destination | routing_key |
      +----------+-------------+-------------+
      |          | audit       | audit       |
      |          | billing     | billing     |
      |          | dead        | dead        |
      |          | ship        | ship        |
      |          | temp        | temp        |
      | hdr      | temp        |             |
      | orders   | billing     | order.#     |
      | orders   | ship        | *.new       |
      | orders   | unrouted    | x.y         |
      | unrouted | dead        |             |
      +----------+-------------+-------------+`),
    );
    const consumers = admin('rabbitmqadmin list consumers').lines;
    // Without columns, all that are no objects: True and False as Python says them.
    expect(consumers[1]).toBe(
      '| ack_required | active | activity_status | consumer_tag | exclusive | prefetch_count |',
    );
    expect(consumers).toContain(
      '| True         | True   | up              | c1           | False     | 2              |',
    );
    expect(admin('rabbitmqadmin list policies').lines).toEqual(['No items']);
    expect(admin('rabbitmqadmin show overview').lines[1]).toBe(
      '| rabbitmq_version |  cluster_name   | queue_totals.messages | object_totals.queues |',
    );
    expect(admin('rabbitmqadmin list connections').lines[1]).toMatch(/^\| +name +\| user {2}\| channels \|$/);
  });

  it('in each format', () => {
    const rows = ['audit', 'billing', 'dead', 'ship', 'temp'];
    expect(admin('rabbitmqadmin -f tsv list queues name messages').lines.slice(0, 2)).toEqual([
      'name\tmessages',
      'audit\t0',
    ]);
    expect(admin('rabbitmqadmin -f kvp list queues name messages').lines[1]).toBe(
      'name="billing" messages="7"',
    );
    expect(admin('rabbitmqadmin -f bash list queues name').lines).toEqual([rows.join(' ')]);
    expect(admin('rabbitmqadmin -f long list queues name messages').lines.slice(0, 8)).toEqual([
      '',
      '-'.repeat(80),
      '',
      '    name: audit',
      'messages: 0',
      '',
      '-'.repeat(80),
      '',
    ]);
    expect(admin('rabbitmqadmin -f raw_json list queues name messages').lines).toEqual([
      '[{"messages":0,"name":"audit"},{"messages":7,"name":"billing"},{"messages":1,"name":"dead"},{"messages":7,"name":"ship"},{"messages":0,"name":"temp"}]',
    ]);
    expect(admin('rabbitmqadmin -f pretty_json list queues name messages').lines.slice(0, 5)).toEqual([
      '[',
      '  {',
      '    "messages": 0,',
      '    "name": "audit"',
      '  },',
    ]);
    expect(admin('rabbitmqadmin -S messages -R -f bash list queues name messages').lines[0]).toMatch(
      /^(billing ship|ship billing) dead /,
    );
  });
});

describe('rabbitmqadmin (3.10) says what is wrong', () => {
  const usage = (what: string) => ['', `ERROR: ${what}`, '', 'rabbitmqadmin --help for help', ''];
  it.each([
    ['', 1, usage('Action not specified')],
    ['list nothing', 1, usage("Don't know how to list nothing")],
    ['show foo', 1, usage("Don't know how to show foo")],
    ['declare', 1, usage('Type not specified')],
    ['declare foo', 1, usage('Type foo not recognised')],
    ['declare queue', 1, usage('mandatory argument "name" is required')],
    ['declare queue name=q3 foo=bar', 1, usage('Argument "foo" is not recognised')],
    ['declare queue q3', 1, usage('Argument "q3" not in the name=value format')],
    ['declare exchange name=e2', 1, usage('mandatory argument "type" is required')],
    ['declare queue name=q4 arguments={bad', 1, ['ERROR: Could not parse JSON:', '  {bad']],
    ['declare queue name=amq.x', 1, ['*** Access refused: /api/queues/%2F/amq.x', '']],
    ['declare queue name=q4 durable=perhaps', 1, ["*** ['not_boolean', 'perhaps']", '']],
    [
      'declare queue name=dead durable=false',
      1,
      [
        "*** inequivalent arg 'durable' for queue 'dead' in vhost '/': received 'false' but current is 'true'",
        '',
      ],
    ],
    [
      'declare exchange name=orders type=direct',
      1,
      [
        "*** inequivalent arg 'type' for exchange 'orders' in vhost '/': received 'direct' but current is 'topic'",
        '',
      ],
    ],
    ['declare exchange name=e2 type=nope', 1, ["*** unknown exchange type 'nope'", '']],
    [
      'declare binding source=orders destination=qqq',
      1,
      ['*** Not found: /api/bindings/%2F/e/orders/q/qqq', ''],
    ],
    [
      `declare policy name=p2 pattern=^q definition='{"max-lengthx":3}'`,
      1,
      [
        '*** Validation failed',
        '',
        '[{&lt;&lt;"max-lengthx"&gt;&gt;,3}] are not recognised policy settings',
        '',
        '',
      ],
    ],
    ['publish payload=hello', 1, usage('mandatory argument "routing_key" is required')],
    [
      'publish exchange=nope routing_key=q payload=x',
      1,
      ["*** 404 NOT_FOUND - no exchange 'nope' in vhost '/'", ''],
    ],
    ['get queue=nope', 1, ['*** Not found: /api/queues/%2F/nope/get', '']],
    [
      'get queue=audit',
      1,
      ["*** 540 basic.get not supported by stream queues queue 'audit' in vhost '/'", ''],
    ],
    ['purge queue name=nope', 1, ['*** Not found: /api/queues/%2F/nope/contents', '']],
    ['delete queue name=nope', 1, ['*** Not found: /api/queues/%2F/nope', '']],
    ['delete exchange name=amq.direct', 1, ['*** Access refused: /api/exchanges/%2F/amq.direct', '']],
    [
      'delete binding source=orders destination_type=queue destination=ship properties_key=nope',
      1,
      ['*** Not found: /api/bindings/%2F/e/orders/q/ship/nope', ''],
    ],
    ['delete policy name=p1', 1, ['*** Not found: /api/policies/%2F/p1', '']],
    ['foo', 1, usage('Action foo not understood')],
    ['-V nope list queues', 1, ['*** Not found: /api/queues/nope?columns=name,messages', '']],
    ['-P 15999 list queues', 1, ['*** Could not connect: [Errno 111] Connection refused', '']],
    ['-u x list queues', 1, ['*** Access refused: /api/queues?columns=name,messages', '']],
    [
      '--foo',
      2,
      [
        'Usage',
        '=====',
        '  rabbitmqadmin [options] subcommand',
        '',
        'rabbitmqadmin: error: no such option: --foo',
      ],
    ],
  ])('rabbitmqadmin %s', (words, exit, lines) => {
    expect(admin(`rabbitmqadmin ${words}`)).toEqual({ lines, exit });
  });
});

describe('rabbitmqadmin (3.10) acts as a client', () => {
  it('declares, binds, publishes, gets, purges, deletes', () => {
    const run = consoleOn();
    const does = (words: string, ...lines: string[]) =>
      expect(run(`rabbitmqadmin ${words}`), words).toEqual({ lines, exit: 0 });
    does('declare queue name=q1 durable=true', 'queue declared');
    does(`declare queue name=q2 queue_type=quorum arguments='{"x-delivery-limit":3}'`, 'queue declared');
    does('declare exchange name=e1 type=topic', 'exchange declared');
    does('declare binding source=e1 destination=q1 routing_key=a.#', 'binding declared');
    does(
      'declare binding source=e1 destination_type=exchange destination=unrouted routing_key=z',
      'binding declared',
    );
    does('publish routing_key=q1 payload=hello', 'Message published');
    does(
      `publish exchange=e1 routing_key=a.b payload=hello2 properties='{"priority":3,"headers":{"x":1},"delivery_mode":2}'`,
      'Message published',
    );
    does('publish routing_key=nope payload=hello', 'Message published but NOT routed');
    const table = (row: string) =>
      text(`
      +-------------+----------+---------------+---------+---------------+------------------+------------+-------------+
      | routing_key | exchange | message_count | payload | payload_bytes | payload_encoding | properties | redelivered |
      +-------------+----------+---------------+---------+---------------+------------------+------------+-------------+
      ${row}
      +-------------+----------+---------------+---------+---------------+------------------+------------+-------------+`);
    // It goes back when the channel ends, and is redelivered.
    does(
      'get queue=q1',
      ...table(
        '| q1          |          | 1             | hello   | 5             | string           |            | False       |',
      ),
    );
    does(
      'get queue=q1 ackmode=ack_requeue_false count=1',
      ...table(
        '| q1          |          | 1             | hello   | 5             | string           |            | True        |',
      ),
    );
    // Properties that there are make an object, which a table leaves out.
    const rejected = run('rabbitmqadmin get queue=q1 count=10 ackmode=reject_requeue_false');
    expect(rejected.lines[1]).toBe(
      '| routing_key | exchange | message_count | payload | payload_bytes | payload_encoding | redelivered |',
    );
    does('get queue=q1', 'No items');
    does('purge queue name=q1', 'queue purged');
    does(
      `delete binding source=orders destination_type=queue destination=ship properties_key='*.new'`,
      'binding deleted',
    );
    does(
      `declare policy name=p1 pattern='^q' definition='{"max-length":3}' priority=1 apply-to=queues`,
      'policy declared',
    );
    expect(run('rabbitmqadmin list policies').lines).toEqual(
      text(`
      +-------+------+----------+-------------------+---------+----------+
      | vhost | name | apply-to |    definition     | pattern | priority |
      +-------+------+----------+-------------------+---------+----------+
      | /     | p1   | queues   | {"max-length": 3} | ^q      | 1        |
      +-------+------+----------+-------------------+---------+----------+`),
    );
    does('delete policy name=p1', 'policy deleted');
    does('delete queue name=q1', 'queue deleted');
    does('delete queue name=q2', 'queue deleted');
    does('delete exchange name=e1', 'exchange deleted');
    expect(run('rabbitmqadmin -q declare queue name=q1').lines).toEqual([]);
  });

  it('reads a payload from its input', () => {
    const run = consoleOn();
    run('rabbitmqadmin publish routing_key=dead', 'one', '::two');
    expect(run('^D').lines).toEqual(['Message published']);
    const { lines } = run('rabbitmqadmin -f raw_json get queue=dead count=2 ackmode=ack_requeue_false');
    const got = JSON.parse(lines[0]!) as { payload: string; payload_bytes: number }[];
    expect(got[1]).toMatchObject({ payload: 'one\n:two\n', payload_bytes: 9 });
    // What another client published has no text: it is called by its number.
    expect(got[0]!.payload).toMatch(/^message-\d+$/);
  });
});

describe('rabbitmqadmin v2 (4.x)', () => {
  it('draws tables', () => {
    const run = consoleOn(recorded('4.3'));
    expect(run('rabbitmqadmin queues list --columns name,queue_type,message_count')).toEqual({
      exit: 0,
      lines: text(`
      ┌─────────┬────────────┬───────────────┐
      │ name    │ queue_type │ message_count │
      ├─────────┼────────────┼───────────────┤
      │ audit   │ stream     │ 0             │
      ├─────────┼────────────┼───────────────┤
      │ billing │ classic    │ 7             │
      ├─────────┼────────────┼───────────────┤
      │ dead    │ classic    │ 1             │
      ├─────────┼────────────┼───────────────┤
      │ ship    │ quorum     │ 7             │
      ├─────────┼────────────┼───────────────┤
      │ temp    │ classic    │ 0             │
      └─────────┴────────────┴───────────────┘`),
    });
    expect(run('rabbitmqadmin --table-style markdown list queues --columns name').lines.slice(0, 3)).toEqual([
      '| name    |',
      '|---------|',
      '| audit   |',
    ]);
    expect(run('rabbitmqadmin --non-interactive queues list --columns name').lines).toEqual([
      'audit',
      'billing',
      'dead',
      'ship',
      'temp',
    ]);
    // A cell of several lines.
    const shown = run('rabbitmqadmin queues show --name ship --columns name,arguments').lines;
    expect(shown.slice(3, 5)).toEqual([
      '│ ship │ x-queue-type: "quorum" │',
      '│      │ x-delivery-limit: 3    │',
    ]);
    expect(run('rabbitmqadmin list consumers').lines[1]).toMatch(
      /^│ vhost │ queue +│ consumer_tag │ manual_ack │ prefetch_count │ active │ exclusive │ arguments +│ delivery_ack_timeout │$/,
    );
    expect(run('rabbitmqadmin bindings list').lines[1]).toContain(
      'destination_type │ routing_key │ arguments',
    );
    expect(run('rabbitmqadmin show overview').lines[1]).toMatch(/^│ Overview +│$/);
    for (const listed of ['channels', 'connections', 'exchanges', 'policies', 'operator_policies'])
      expect(run(`rabbitmqadmin list ${listed}`).exit, listed).toBe(0);
  });

  it('acts as a client, and is silent when it succeeds', () => {
    const run = consoleOn(recorded('4.3'));
    const does = (words: string, ...lines: string[]) =>
      expect(run(`rabbitmqadmin ${words}`), words).toEqual({ lines, exit: 0 });
    const fails = (words: string, ...lines: string[]) =>
      expect(run(`rabbitmqadmin ${words}`), words).toEqual({ lines, exit: 65 });
    does('declare queue --name q1 --type quorum');
    fails(
      'queues declare --name q1',
      "inequivalent arg 'x-queue-type' for queue 'q1' in vhost '/': received 'classic' but current is 'quorum'",
    );
    does('exchanges declare --name e1 --type topic --durable true');
    does('exchanges bind --source e1 --destination-type queue --destination q1 --routing-key a.#');
    fails(
      'declare binding --source e1 --destination-type queue --destination no --routing-key a',
      'API responded with a 404 Not Found',
    );
    does('publish message -e e1 -k a.b -m A', 'Message published and routed successfully');
    does('publish message --routing-key nowhere', 'Message published but NOT routed');
    fails('publish message --exchange nope', "404 NOT_FOUND - no exchange 'nope' in vhost '/'");
    // Nacked, which 4.3 does not count; and there it is again.
    expect(run('rabbitmqadmin get messages -q q1 -a ack_requeue_true').lines[3]).toMatch(
      /^│ 1 +│ false +│ e1 +│ a\.b +│ 0 +│/,
    );
    expect(run('rabbitmqadmin get messages -q q1').lines.join('\n')).toContain('"x-acquired-count":1}');
    expect(run('rabbitmqadmin get messages -q q1').lines).toHaveLength(3);
    fails('get messages -q audit', "540 basic.get not supported by stream queues queue 'audit' in vhost '/'");
    does(`policies declare --name p1 --pattern ^q --apply-to queues --definition '{"max-length":3}'`);
    fails(
      `policies declare --name p1 --pattern ^q --apply-to queues --definition '{bad'`,
      'Failed to parse JSON argument: `{bad` is not a valid JSON',
    );
    does('policies delete --name p1');
    fails('policies delete --name p1', 'API responded with a 404 Not Found');
    does('policies delete --name p1 --idempotently');
    does('exchanges unbind --source e1 --destination-type queue --destination q1 --routing-key a.#');
    does('queues purge --name q1');
    does('queues delete --name q1');
    does('delete exchange --name e1');
    fails('delete queue --name q1', 'API responded with a 404 Not Found');
    run('rabbitmqadmin publish message --routing-key dead --payload-file -', 'typed');
    expect(run('^D').lines).toEqual(['Message published and routed successfully']);
  });

  it('says what is wrong as its parser does', () => {
    const run = consoleOn(recorded('4.3'));
    const more = "For more information, try '--help'.";
    const fails = (words: string, ...lines: string[]) =>
      expect(run(`rabbitmqadmin ${words}`), words).toEqual({ lines, exit: 2 });
    fails(
      'queues declare',
      'error: the following required arguments were not provided:',
      '  --name <name>',
      '',
      'Usage: rabbitmqadmin queues declare [OPTIONS] --name <name>',
      '',
      more,
    );
    fails(
      'foo',
      "error: unrecognized subcommand 'foo'",
      '',
      'Usage: rabbitmqadmin [OPTIONS] <COMMAND>',
      '',
      more,
    );
    fails(
      'queues list --foo',
      "error: unexpected argument '--foo' found",
      '',
      'Usage: rabbitmqadmin queues list [OPTIONS]',
      '',
      more,
    );
    fails(
      'queues declare --name q --durable perhaps',
      "error: invalid value 'perhaps' for '--durable <durable>'",
      '  [possible values: true, false]',
      '',
      more,
    );
    expect(run('rabbitmqadmin queues').exit).toBe(2);
    expect(run('rabbitmqadmin help').lines.join('\n')).toContain('declare, delete, list, purge, show');
    expect(run('rabbitmqadmin queues help declare').lines).toContain(
      'Usage: rabbitmqadmin queues declare [OPTIONS] --name <name>',
    );
    expect(run('rabbitmqadmin -P 15999 queues list')).toEqual({
      exit: 65,
      lines: [
        'Encountered an error when performing an HTTP request: error sending request for url (http://localhost:15999/api)',
      ],
    });
    // The older syntax is another tool's.
    expect(run('rabbitmqadmin list queues name messages').exit).toBe(2);
  });
});
