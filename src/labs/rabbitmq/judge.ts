/** `judge.mjs` of RabbitMQ's experiments: what clients can see of the claims on its scenario. */
import { readFileSync } from 'node:fs';
import { rabbitmqClaims } from '../../claims/rabbitmq.ts';
import { judgeLab } from '../judge.ts';

const { id } = JSON.parse(readFileSync('scenario.json', 'utf8')) as { id: string };
judgeLab(
  rabbitmqClaims.filter(
    ({ observable, scenarios }) => observable && (scenarios === 'every' || scenarios.includes(id)),
  ),
);
