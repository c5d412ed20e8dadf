/** `judge.mjs` of RabbitMQ's experiments: of each scenario that was run, what clients can see of the claims on it. */
import { rabbitmqClaims } from '../../claims/rabbitmq.ts';
import { judgeScenarios } from '../judge.ts';

judgeScenarios(rabbitmqClaims);
