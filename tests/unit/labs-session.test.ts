/** What the judge of a lab at the prompt compares, and what it leaves out. */
import { describe, expect, it } from 'vitest';
import { alike } from '../../src/labs/console/session.ts';

describe('what a tool printed and what the page prints', () => {
  it('are alike in whatever order rows come, and whatever the addresses are', () => {
    expect(alike(['b localhost:9092', 'a  1'], ['a 1', 'b 127.0.0.1:40001', ''])).toBe(true);
    expect(alike(['a 1'], ['a 2'])).toBe(false);
    expect(alike(['Isr: 1,3'], ['Isr: 3,1'])).toBe(false);
  });

  it('are alike where a logger has added a line, whatever its thread is called', () => {
    const line = 'Topic: orders Partition: 0 Leader: 1 Replicas: 1,2,3 Isr: 1,3';
    const logged = [
      '[main] WARN org.apache.kafka.clients.NetworkClient - slow',
      '[kafka-admin-client-thread | adminclient-1] WARN org.apache.kafka.clients.NetworkClient - [AdminClient] Connection to node -2 could not be established.',
      '[2026-11-28 16:44:01,120] ERROR Closing',
      // As log4j has it in a container, of an exception.
      '[2026-11-28 20:16:05,123] ERROR org.apache.kafka.common.errors.TopicExistsException: It is there.',
      ' (org.apache.kafka.tools.TopicCommand)',
    ];
    expect(alike([...logged, line], [line])).toBe(true);
    expect(alike(['[main] Topic is not there'], [])).toBe(false);
  });
});
