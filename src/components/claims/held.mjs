// Holds the prose to the simulator: before a page is made, every claim that a sentence is tied to is run, and the build
// stops where one does not hold.

/** @returns {import('astro').AstroIntegration} */
export function heldToTheSimulator() {
  return {
    name: 'held-to-the-simulator',
    hooks: {
      'astro:build:start': async ({ logger }) => {
        const { problemsOf } = await import('./proofs.ts');
        const { sentencesOfTheBook } = await import('./sentences.ts');
        const sentences = sentencesOfTheBook();
        const problems = sentences.flatMap((sentence) => problemsOf(sentence));
        if (problems.length > 0) {
          throw new Error(`The prose says what the simulator does not show:\n\n${problems.join('\n\n')}\n`);
        }
        logger.info(`${sentences.length} sentences hold on the simulator`);
      },
    },
  };
}
