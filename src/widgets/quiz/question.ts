/** What a quiz asks, as its page gives it to the widget. The words are those of content/quizzes. */

export interface Choice {
  readonly id: string;
  readonly text: string;
  readonly right: boolean;
  /** Why it is right, or what is wrong about it; told when it has been chosen. */
  readonly why: string;
}

export interface Question {
  /** Permanent: the answer is stored under it. */
  readonly id: string;
  readonly question: string;
  readonly choices: readonly Choice[];
  /** Where it can be seen: the proofs of its claims, and an experiment. */
  readonly links: readonly { readonly href: string; readonly text: string }[];
}

/** The quiz at the end of one section. */
export interface Quiz {
  /** The id of the section's heading. */
  readonly section: string;
  /** Which quiz of its page it is, from 0. */
  readonly index: number;
  readonly questions: readonly Question[];
  /** The experiments of the section that ask for a prediction. */
  readonly predictions: readonly string[];
}
