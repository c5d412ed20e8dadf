// The prose is held to the simulator: every sentence's claim exists and holds, every claim is said somewhere, and a
// sentence that is not true stops the build with file, line, sentence, seed and event.
import { describe, expect, it } from 'vitest';
import { problemsOf, scenariosOf } from '../../../src/components/claims/proofs.ts';
import { sentencesIn, sentencesOfTheBook } from '../../../src/components/claims/sentences.ts';
import { claims, experiments, scenarios } from '../../../src/scenarios/library.ts';
import { run } from '../../../src/scenarios/run.ts';

describe('the prose', () => {
  const sentences = sentencesOfTheBook();

  it('ties sentences to claims, at least eight of them in the Kafka section', () => {
    expect(new Set(sentences.map(({ claim }) => claim)).size).toBeGreaterThanOrEqual(8);
  });

  it.each(
    sentences.map((sentence) => [`${sentence.file}:${sentence.line} ${sentence.claim}`, sentence] as const),
  )('%s holds', (_, sentence) => {
    expect(problemsOf(sentence)).toEqual([]);
  });

  it('says every claim somewhere', () => {
    const said = new Set(sentences.map(({ claim }) => claim));
    expect(claims.map(({ id }) => id).filter((id) => !said.has(id))).toEqual([]);
  });

  it('is told about a claim that does not exist', () => {
    const [sentence] = sentencesIn(
      'content/x.mdx',
      'One.\n\nTwo: <Claim id="kafka.nope">records `fly`</Claim>.',
    );
    expect(sentence).toMatchObject({ line: 3, text: 'records fly', page: 'x/' });
    expect(problemsOf(sentence!)[0]).toMatch(
      /^content\/x\.mdx:3: “records fly”\n {2}there is no claim "kafka.nope"/,
    );
  });

  it('stops at a claim that does not hold, naming file, sentence, seed and the first event that contradicts it', () => {
    const claim = claims.find(({ id }) => id === 'kafka.eager-revokes-all')!;
    const wrong = { ...claim, id: 'kafka.wrong', scenarios: ['kafka-cooperative'] };
    const [sentence] = sentencesIn('content/x.mdx', '<Claim id="kafka.wrong">everything is given up</Claim>');
    expect(problemsOf(sentence!, [wrong])).toEqual([
      expect.stringMatching(
        /^content\/x\.mdx:1: “everything is given up”\n {2}kafka\.wrong on kafka-cooperative with seed \d+ does not hold: event \d+ at \d+ µs, C\d /,
      ),
    ]);
  });

  it('stops at a claim that its scenario does not show', () => {
    const claim = claims.find(({ id }) => id === 'kafka.commit-before-loses')!;
    const unshown = { ...claim, id: 'kafka.unshown', scenarios: ['home-log'] };
    const [sentence] = sentencesIn('content/x.mdx', '<Claim id="kafka.unshown">records are lost</Claim>');
    expect(problemsOf(sentence!, [unshown])[0]).toMatch(
      /kafka\.unshown on home-log with seed \d+ is not shown: it waits for/,
    );
  });
});

describe('the claims', () => {
  it.each(claims.flatMap((claim) => scenariosOf(claim).map((id) => [claim.id, id] as const)))(
    '%s names %s',
    (_, id) => {
      expect(scenarios.has(id)).toBe(true);
    },
  );

  it('that an experiment lists exist', () => {
    const known = new Set(claims.map(({ id }) => id));
    expect(experiments.flatMap((experiment) => experiment.claims).filter((id) => !known.has(id))).toEqual([]);
  });

  it('hold on every scenario they name, and a run that is cut off at once shows none of them', () => {
    for (const scenario of scenarios.values()) {
      const judged = claims.filter((claim) => scenariosOf(claim).includes(scenario.id));
      const none = run({ ...scenario, durationMs: 1 }, [], judged);
      expect(none.claims.filter(({ verdict }) => verdict.status === 'holds')).toEqual([]);
    }
  });
});
