/** Makes, at build time, what an island draws first that shows one workload on two brokers. Node only: it runs the simulator. */
import { memberIds } from '../brokers/workload.ts';
import { scenes, type Scene } from '../scenarios/beside/scenes.ts';
import { scenarioById } from '../scenarios/library.ts';
import { both, type BesidePoster } from '../widgets/comparison/poster.ts';
import { experimentPoster } from './experiment-poster.ts';

/** Lines of the event lists that the page carries for each side. */
const RECENT_MAX = 6;

export function scenePoster(scene: Scene): BesidePoster {
  const { id, title, question, workload } = scene;
  return {
    id,
    title,
    question,
    posters: both((side) => {
      const poster = experimentPoster(scene[side]);
      return { ...poster, frame: { ...poster.frame, recent: poster.frame.recent.slice(-RECENT_MAX) } };
    }),
    rules: scene.rules,
    producers: workload.producers.flatMap(memberIds),
    consumers: workload.audiences.flatMap(memberIds),
    keys: keysIn(scene.queue),
  };
}

export const scenePosters = (): BesidePoster[] => scenes.map(scenePoster);

function keysIn(scenario: string): string[] {
  const found = scenarioById(scenario).clients.flatMap((client) =>
    'keys' in client && 'keys' in client.keys ? client.keys.keys : [],
  );
  return [...new Set(found)];
}
