/** `judge.mjs` of the lab that sets up Kafka: what its steps must have shown. */
import { kafkaClaims } from '../../claims/kafka.ts';
import { judgeLab } from '../judge.ts';

const ASKED = [
  'kafka.same-key-same-partition',
  'kafka.key-order-kept',
  'kafka.offsets-dense',
  'kafka.one-owner',
  'kafka.extra-consumer-idles',
  'kafka.groups-are-independent',
  'kafka.reading-removes-nothing',
];

judgeLab(ASKED.map((id) => kafkaClaims.find((claim) => claim.id === id)!));
