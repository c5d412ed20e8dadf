/** `judge.mjs` of RabbitMQ's labs. */
import { rabbitmqClaims } from '../../claims/rabbitmq.ts';
import { judgeLab } from '../judge.ts';

judgeLab(rabbitmqClaims);
