/** The drivers there are. */
import type { BrokerId } from '../scenarios/schema.ts';
import type { Driver } from './driver.ts';
import { kafkaDriver } from './kafka/driver.ts';
import { rabbitmqDriver } from './rabbitmq/driver.ts';

export const drivers: ReadonlyMap<BrokerId, Driver> = new Map(
  [kafkaDriver, rabbitmqDriver].map((driver) => [driver.broker, driver]),
);
