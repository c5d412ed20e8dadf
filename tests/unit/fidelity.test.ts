// What the page on fidelity is made of: the rules as RULES.md has them, and the claims that a real broker has been asked.
import { describe, expect, it } from 'vitest';
import { dayOf, recordings, shownIn, witnessesOf } from '../../src/components/fidelity/recordings.ts';
import { parseRuleBook, piecesOf, ruleBookOf } from '../../src/components/fidelity/rules.ts';
import { claims } from '../../src/scenarios/library.ts';
import { BROKER_IDS } from '../../src/scenarios/schema.ts';

describe('the rules', () => {
  it.each(BROKER_IDS)('of %s are all there, with corrections', (broker) => {
    const { rules, corrections } = ruleBookOf(broker);
    expect(rules.length).toBe({ kafka: 113, rabbitmq: 88 }[broker]);
    expect(corrections.length).toBeGreaterThan(5);
    for (const text of corrections) expect(text).not.toMatch(/\n|^- /);
  });

  it('are read with a bar in their words, and no further than their section', () => {
    const text = [
      '| R-1  | Name | modelled | `a.ts`: one \\| two |',
      '## Corrections to the dossier',
      'Seen.',
      '- R-1: first',
      '  goes on.',
      '- R-2: second',
      '## Another',
      '- no correction',
    ].join('\n');
    expect(parseRuleBook(text)).toEqual({
      rules: [{ id: 'R-1', name: 'Name', status: 'modelled', how: '`a.ts`: one | two' }],
      corrections: ['R-1: first goes on.', 'R-2: second'],
    });
    expect(() => parseRuleBook('| R-1 | Name | perhaps | how |')).toThrow(/R-1: expected one of modelled/);
  });

  it('are set with code as code', () => {
    expect(piecesOf('goes by `x_y` and _so_ on')).toEqual([
      { text: 'goes by ', code: false },
      { text: 'x_y', code: true },
      { text: ' and so on', code: false },
    ]);
  });
});

describe('the claims that a real broker has been asked', () => {
  it('are many, and hold', () => {
    const asked = claims.filter((claim) => witnessesOf(claim).length > 0);
    expect(asked.filter(({ broker }) => broker === 'rabbitmq').length).toBeGreaterThan(30);
    for (const claim of asked)
      for (const { verdict, recording } of witnessesOf(claim)) {
        expect(verdict.status, claim.id).toBe('holds');
        expect(recording.broker).toBe(claim.broker);
      }
  });

  it('are each counted with its recording', () => {
    for (const recording of recordings()) expect(shownIn(recording), recording.scenario).toBeGreaterThan(0);
    expect(
      dayOf({
        ...recordings()[0]!,
        occasion: { ...recordings()[0]!.occasion, recordedAt: '2026-11-28T23:59:00.000Z' },
      }),
    ).toBe('28 November 2026');
  });
});
