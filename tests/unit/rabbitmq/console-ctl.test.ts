// rabbitmqctl against what the one of RabbitMQ 3.10.8 printed on this machine (console-harness.ts says of which cluster);
// each expectation stands beside the command that made it. Its node listed queues in the order of a hash table, and its
// headings were bold: rows are compared sorted, and without escapes.
import { describe, expect, it } from 'vitest';
import { jaro, suggestion } from '../../../src/brokers/rabbitmq/console/suggest.ts';
import { consoleOn, recorded, text } from './console-harness.ts';

const ctl = consoleOn();
const sorted = (lines: readonly string[], heading: number): string[] => [
  ...lines.slice(0, heading),
  ...lines.slice(heading).sort(),
];

const USAGE_QUEUES =
  'rabbitmqctl [--node <node>] [--longnames] [--quiet] list_queues [--vhost <vhost>] [--online] [--offline] [--local] [--no-table-headers] [<column>, ...] [--timeout <timeout>]';

describe('rabbitmqctl list_queues', () => {
  it('lists names and messages, with its headings', () => {
    const { lines, exit } = ctl('rabbitmqctl list_queues');
    expect(exit).toBe(0);
    expect(sorted(lines, 3)).toEqual(
      sorted(
        text(`
      Timeout: 60.0 seconds ...
      Listing queues for vhost / ...
      name	messages
      billing	7
      audit	0
      temp	0
      dead	1
      ship	7`),
        3,
      ),
    );
  });

  it('shows the columns that are asked for, tables in Erlang’s terms', () => {
    const { lines } = ctl(
      'rabbitmqctl list_queues name durable auto_delete arguments policy messages messages_ready messages_unacknowledged consumers state type leader members online',
    );
    expect(sorted(lines, 3)).toEqual(
      sorted(
        text(`
      Timeout: 60.0 seconds ...
      Listing queues for vhost / ...
      name	durable	auto_delete	arguments	policy	messages	messages_ready	messages_unacknowledged	consumers	state	type	leader	members	online
      billing	true	false	[{"x-dead-letter-exchange",[]},{"x-dead-letter-routing-key","dead"},{"x-max-length",1000}]		7	5	2	1	running	classic			
      audit	true	false	[{"x-queue-type","stream"}]		0	0	0	0	running	stream	h8@localhost	[h8@localhost]	[h8@localhost]
      temp	false	true	[]		0	0	0	1	running	classic			
      dead	true	false	[]		1	1	0	0	running	classic			
      ship	true	false	[{"x-queue-type","quorum"},{"x-delivery-limit",3}]		7	5	2	1	running	quorum	h8@localhost	[h8@localhost]	[h8@localhost]`),
        3,
      ),
    );
  });

  it('has formatters, and says less when asked to', () => {
    // rabbitmqctl list_queues --formatter json: the first object without a comma, the others behind one.
    const { lines } = ctl('rabbitmqctl list_queues --formatter json');
    expect(lines.at(0)).toBe('[');
    expect(lines[1]).toBe('{"name":"billing","messages":7}');
    expect(lines[2]).toMatch(/^,\{"name":"/);
    expect(lines.at(-1)).toBe(']');
    expect(ctl('rabbitmqctl list_queues --formatter csv name messages arguments').lines).toEqual(
      expect.arrayContaining([
        '"name","messages","arguments"',
        '"billing","7","[{""x-dead-letter-exchange"",[]},{""x-dead-letter-routing-key"",""dead""},{""x-max-length"",1000}]"',
        '"temp","0","[]"',
      ]),
    );
    expect(ctl('rabbitmqctl -q list_queues name').lines[0]).toBe('name');
    expect(ctl('rabbitmqctl list_queues name -s').lines).toHaveLength(5);
    expect(ctl('rabbitmqctl list_queues --no-table-headers').lines).toHaveLength(7);
    expect(ctl('rabbitmqctl list_queues -t 5').lines[0]).toBe('Timeout: 5.0 seconds ...');
    const table = ctl('rabbitmqctl list_queues --formatter=pretty_table name messages type').lines;
    expect(table.slice(2, 5)).toEqual([
      '┌─────────┬──────────┬─────────┐',
      '│ name    │ messages │ type    │',
      '├─────────┼──────────┼─────────┤',
    ]);
  });

  it('lists nothing, not even headings, where there is nothing', () => {
    expect(ctl('rabbitmqctl list_queues --offline').lines).toEqual([
      'Timeout: 60.0 seconds ...',
      'Listing queues for vhost / ...',
    ]);
    // A virtual host that is not there is no error to it.
    expect(ctl('rabbitmqctl list_queues -p nope')).toEqual({
      lines: ['Timeout: 60.0 seconds ...', 'Listing queues for vhost nope ...'],
      exit: 0,
    });
    expect(ctl('rabbitmqctl list_queues --online --offline').lines).toHaveLength(8);
  });

  it.each([
    [
      'rabbitmqctl list_queues name bar baz',
      64,
      [
        'Error (argument validation): Info key(s) bar,baz are not supported',
        'Arguments given:',
        '\tlist_queues name bar baz',
        '',
        'Usage',
        '',
        USAGE_QUEUES,
      ],
    ],
    [
      'rabbitmqctl list_queues --foo',
      64,
      [
        'Error (argument validation): Invalid options for this command:',
        '--foo : ',
        'Arguments given:',
        '\tlist_queues --foo',
        '',
        'Usage',
        '',
        USAGE_QUEUES,
      ],
    ],
    [
      'rabbitmqctl list_queues name operator_policy',
      64,
      expect.arrayContaining(['Error (argument validation): Info key(s) operator_policy are not supported']),
    ],
    [
      'rabbitmqctl list_queues --formatter nope',
      1,
      expect.arrayContaining(['** (ArgumentError) errors were found at the given arguments:']),
    ],
    ['rabbitmqctl list_queue', 64, ['', "Command 'list_queue' not found. ", "Did you mean 'list_queues'? "]],
    ['rabbitmqctl nope', 64, expect.arrayContaining(["Command 'nope' not found. ", 'Usage'])],
    ['rabbitmqctl', 64, expect.arrayContaining(['', 'Usage', 'Available commands:'])],
    ['rabbitmqctl help nope', 64, ['Error:', '', "Command 'nope' not found."]],
  ] as [string, number, unknown][])('%s', (line, exit, lines) => {
    expect(ctl(line)).toEqual({ lines, exit });
  });

  it('does not make up what the simulation does not know', () => {
    expect(ctl('rabbitmqctl list_queues name memory disk_reads -q')).toEqual({
      lines: ['Error: this simulation does not know memory, disk_reads'],
      exit: 70,
    });
    expect(ctl('rabbitmqctl add_user x y').lines[0]).toMatch(/^Command 'add_user' is not in this simulation/);
  });
});

describe('rabbitmqctl list_…', () => {
  it('exchanges', () => {
    // rabbitmqctl list_exchanges name type durable auto_delete internal arguments policy
    const { lines } = ctl(
      'rabbitmqctl list_exchanges name type durable auto_delete internal arguments policy',
    );
    expect(sorted(lines, 2)).toEqual(
      sorted(
        text(`
      Listing exchanges for vhost / ...
      name	type	durable	auto_delete	internal	arguments	policy
      amq.fanout	fanout	true	false	false	[]	
      hdr	headers	false	true	false	[]	
      amq.direct	direct	true	false	false	[]	
      amq.topic	topic	true	false	false	[]	
      amq.match	headers	true	false	false	[]	
      orders	topic	true	false	false	[{"alternate-exchange","unrouted"}]	
      unrouted	fanout	true	false	false	[]	
      amq.rabbitmq.trace	topic	true	false	true	[]	
      	direct	true	false	false	[]	
      amq.headers	headers	true	false	false	[]	`),
        2,
      ),
    );
  });

  it('bindings, those of the default exchange too', () => {
    expect(sorted(ctl('rabbitmqctl list_bindings').lines, 2)).toEqual(
      sorted(
        text(`
      Listing bindings for vhost /...
      source_name	source_kind	destination_name	destination_kind	routing_key	arguments
      	exchange	billing	queue	billing	[]
      	exchange	audit	queue	audit	[]
      	exchange	temp	queue	temp	[]
      	exchange	dead	queue	dead	[]
      	exchange	ship	queue	ship	[]
      hdr	exchange	temp	queue		[{"format","pdf"},{"x-match","any"}]
      orders	exchange	billing	queue	order.#	[]
      orders	exchange	ship	queue	*.new	[]
      orders	exchange	unrouted	exchange	x.y	[]
      unrouted	exchange	dead	queue		[]`),
        2,
      ),
    );
  });

  it('connections and channels: hosts are called as the clients are', () => {
    // guest	127.0.0.1	44200	running
    const connections = ctl('rabbitmqctl list_connections').lines;
    expect(connections.slice(0, 2)).toEqual(['Listing connections ...', 'user\tpeer_host\tpeer_port\tstate']);
    expect(connections).toContainEqual(expect.stringMatching(/^guest\tshop\t5\d{4}\trunning$/));
    expect(connections).toHaveLength(2 + 5);
    const channels = ctl(
      'rabbitmqctl list_channels name number user connection pid transactional confirm consumer_count messages_unacknowledged messages_unconfirmed prefetch_count global_prefetch_count acks_uncommitted',
    ).lines;
    expect(channels[0]).toBe('Listing channels ...');
    expect(channels).toContainEqual(
      expect.stringMatching(
        /^c1:5\d{4} -> rabbit-1:5672 \(1\)\t1\tguest\t(<rabbit@rabbit-1\.1\.\d+\.0>\t){2}false\tfalse\t1\t2\t0\t2\t0\t0$/,
      ),
    );
  });

  it('consumers', () => {
    // billing	<h8@localhost.1795827312.814.0>	c1	true	2	true	up	[]
    const { lines } = ctl(
      'rabbitmqctl list_consumers queue_name channel_pid consumer_tag ack_required prefetch_count active activity_status arguments',
    );
    const plain = lines.map((line) => line.replace(/<rabbit@rabbit-1[\d.]+>/, 'PID'));
    expect(sorted(plain, 2)).toEqual([
      'Listing consumers in vhost / ...',
      'queue_name\tchannel_pid\tconsumer_tag\tack_required\tprefetch_count\tactive\tactivity_status\targuments',
      'billing\tPID\tc1\ttrue\t2\ttrue\tup\t[]',
      'ship\tPID\tc2\ttrue\t2\ttrue\tup\t[{"x-priority",5}]',
      'temp\tPID\tc3\tfalse\t0\ttrue\tup\t[]',
    ]);
    expect(ctl('rabbitmqctl list_consumers -q').lines[0]).not.toContain('activity_status');
  });
});

describe('rabbitmqctl changes', () => {
  it('policies, with the words for what is wrong', () => {
    const change = consoleOn();
    expect(
      change(`rabbitmqctl set_policy p1 '^d' '{"max-length":5}' --priority 3 --apply-to queues`),
    ).toEqual({
      lines: [
        'Setting policy "p1" for pattern "^d" to "{"max-length":5}" with priority "3" for vhost "/" ...',
      ],
      exit: 0,
    });
    expect(change('rabbitmqctl list_policies').lines).toEqual([
      'Listing policies for vhost "/" ...',
      'vhost\tname\tpattern\tapply-to\tdefinition\tpriority',
      '/\tp1\t^d\tqueues\t{"max-length":5}\t3',
    ]);
    expect(change('rabbitmqctl list_queues name policy -s').lines).toContain('dead\tp1');
    expect(change('rabbitmqctl clear_policy p1')).toEqual({
      lines: ['Clearing policy "p1" on vhost "/" ...'],
      exit: 0,
    });
    expect(change('rabbitmqctl clear_policy p1')).toEqual({
      lines: ['Clearing policy "p1" on vhost "/" ...', 'Error:', 'Parameter does not exist'],
      exit: 69,
    });
    expect(change('rabbitmqctl list_policies --formatter json').lines).toEqual(['[]']);
  });

  it.each([
    [
      `'(' '{"max-length":5}'`,
      ['Validation failed', '', 'pattern should be regular expression but is invalid: {"missing )",1}', ''],
    ],
    [
      `x '{"max-lengthx":5}'`,
      ['Validation failed', '', '[{<<"max-lengthx">>,5}] are not recognised policy settings', ''],
    ],
    [`x '{bad'`, ['JSON decoding error. Reason: badarg']],
    [
      `x '{"max-length":5}' --apply-to nope`,
      ['Validation failed', '', "apply-to 'nope' unrecognised; should be 'queues', 'exchanges' or 'all'", ''],
    ],
  ])('rabbitmqctl set_policy p1 %s', (words, error) => {
    const { lines, exit } = ctl(`rabbitmqctl set_policy p1 ${words}`);
    expect(lines.slice(1)).toEqual(['Error:', ...error]);
    expect(exit).toBe(69);
  });

  it.each([
    [`set_policy p1 x`, 'not enough arguments.'],
    [`set_policy p1 x '{"max-length":5}' extra`, 'too many arguments.'],
    [`set_policy p1 x '{"max-length":5}' --priority x`, 'Invalid options for this command:'],
    ['purge_queue', 'not enough arguments.'],
    ['purge_queue a b', 'too many arguments.'],
    ['delete_queue', 'not enough arguments.'],
  ])('rabbitmqctl %s', (words, error) => {
    const { lines, exit } = ctl(`rabbitmqctl ${words}`);
    expect(lines[0]).toBe(`Error (argument validation): ${error}`);
    expect(exit).toBe(64);
  });

  it('purges and deletes queues', () => {
    const change = consoleOn();
    const both = (line: string) => {
      const { lines, exit } = change(`rabbitmqctl ${line}`);
      return [exit, ...lines];
    };
    expect(both('delete_queue billing --if-empty')).toEqual([
      64,
      "Deleting queue 'billing' on vhost '/' if queue is empty ...",
      'Error:',
      'Queue is not empty',
    ]);
    expect(both('delete_queue billing --if-unused')).toEqual([
      64,
      "Deleting queue 'billing' on vhost '/' if queue is unused ...",
      'Error:',
      'Queue is in use',
    ]);
    expect(both('delete_queue ship --if-unused')).toEqual([
      0,
      "Deleting queue 'ship' on vhost '/' if queue is unused ...",
      "{:protocol_error, :not_implemented, 'cannot delete ~s. queue.delete operations with if-unused flag set are not supported by quorum queues', ['queue \\'ship\\' in vhost \\'/\\'']}",
    ]);
    expect(both('purge_queue dead')).toEqual([0, "Purging queue 'dead' in vhost '/' ..."]);
    expect(both('purge_queue nope')).toEqual([
      69,
      "Purging queue 'nope' in vhost '/' ...",
      'Error:',
      'not_found',
    ]);
    expect(both('purge_queue audit')).toEqual([
      69,
      "Purging queue 'audit' in vhost '/' ...",
      'Error:',
      'not_supported',
    ]);
    expect(both('delete_queue dead')).toEqual([
      0,
      "Deleting queue 'dead' on vhost '/' ...",
      'Queue was successfully deleted with 0 ready messages',
    ]);
    expect(both('delete_queue dead')).toEqual([
      64,
      "Deleting queue 'dead' on vhost '/' ...",
      'Error:',
      'Queue not found',
    ]);
    expect(change('rabbitmqctl list_queues name -s').lines).toHaveLength(4);
  });
});

describe('rabbitmqctl on a cluster', () => {
  it('asks the node that -n names, and says when nobody answers there', () => {
    const run = consoleOn(recorded('4.3', 3));
    expect(run('rabbitmqctl -n rabbit@rabbit-2 list_queues --local name -s').lines).toEqual([]);
    expect(run('rabbitmqctl -n rabbit-3 list_queues --local name -s').lines).toEqual(['dead']);
    expect(run('rabbitmqctl ping').lines).toEqual([
      'Will ping rabbit@rabbit-1. This only checks if the OS process is running and registered with epmd. Timeout: 60000 ms.',
      'Ping succeeded',
    ]);
    const nobody = run('rabbitmqctl -n h9@localhost list_queues');
    expect(nobody.exit).toBe(69);
    expect(nobody.lines[0]).toBe(
      "Error: unable to perform an operation on node 'h9@localhost'. Please see diagnostics information and suggestions below.",
    );
    run(':crash rabbit-3', ':wait 2s');
    expect(run('rabbitmqctl list_queues name messages state -s').lines).toContain('dead\t\tdown');
    expect(run('rabbitmqctl list_queues --offline name -s').lines).toEqual(['dead']);
    expect(run('rabbitmqctl list_queues name leader online -s').lines).toContain(
      'ship\trabbit@rabbit-1\t[rabbit@rabbit-1, rabbit@rabbit-2]',
    );
    const status = run('rabbitmqctl cluster_status -q').lines.join('\n');
    expect(status).toContain('Running Nodes\n\nrabbit@rabbit-1\nrabbit@rabbit-2\n\nVersions');
    expect(run('rabbitmqctl -n rabbit-3 status').exit).toBe(69);
    run(':pause rabbit-2');
    const late = run('rabbitmqctl -n rabbit-2 -t 3 list_queues');
    expect(late.lines.at(-1)).toBe(
      'Error: operation list_queues on node rabbit@rabbit-2 timed out. Timeout value used: 3000',
    );
    expect(late.exit).toBe(75);
  });

  it('has the words of 4.x where they are others', () => {
    const run = consoleOn(recorded('4.3'));
    expect(run('rabbitmqctl delete_queue nope').lines.at(-1)).toBe('No such queue was found');
    expect(run('rabbitmqctl delete_queue').lines.at(-1)).toContain(
      'delete_queue [--vhost <vhost>] <queue_name>',
    );
    expect(run('rabbitmqctl list_queues name operator_policy -q').exit).toBe(0);
    expect(run(`rabbitmqctl set_policy p x '{"max-length":5}' --apply-to streams`).exit).toBe(0);
  });
});

describe('Jaro’s distance', () => {
  // Elixir: String.jaro_distance("Dixon", "Dicksonx") is 0.7666666666666666, of "martha" and "marhta" 0.9444444444444445.
  it('is Elixir’s', () => {
    expect(jaro('Dixon', 'Dicksonx')).toBeCloseTo(0.766_666_67, 6);
    expect(jaro('martha', 'marhta')).toBeCloseTo(0.944_444_44, 6);
    expect(jaro('same', 'same')).toBe(1);
    expect(jaro('abc', 'xyz')).toBe(0);
    expect(suggestion('list_bindigs', ['list_queues', 'list_bindings'])).toBe('list_bindings');
    expect(suggestion('nope', ['list_queues'])).toBeNull();
  });
});
