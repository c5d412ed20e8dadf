/** `npm run tool -- kafka-topics.sh …`: one of Kafka's own tools, on the lab's brokers. */
import { kafkaTool } from './kafka.ts';

try {
  process.exitCode = (await kafkaTool(process.argv.slice(2), null)).code;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
