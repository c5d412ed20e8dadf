/** The routing bench in words: its text alternative. Pure. */
import type { RabbitmqView } from '../../../../brokers/rabbitmq/view-types.ts';
import { keyWords } from '../../kafka/look.ts';
import { bindingLabel, exchangeName, typeWords } from '../words.ts';
import { outcomeWords, shownRoute } from './layout.ts';

export function summary(view: RabbitmqView): string {
  const route = shownRoute(view);
  const bindings = new Map(view.bindings.map((binding) => [binding.id, binding]));
  const told =
    route === null
      ? ['Nothing has been published yet.']
      : [
          `${route.client} published a message with ${keyWords(route.key)} to ${exchangeName(route.exchange)}, routing key ${route.routingKey === '' ? 'empty' : route.routingKey}: ${outcomeWords(route).text}.`,
          ...route.visits.map(({ exchange, type, verdicts }) => {
            const each = verdicts.map(({ binding: id, matched, why }) => {
              const binding = bindings.get(id);
              const name = binding ? nameOf(binding, view) : id;
              return `${name} ${matched ? 'matches' : 'does not match'} (${why})`;
            });
            return `Exchange ${exchangeName(exchange)}, ${typeWords(type)}: ${each.join('; ') || 'no bindings'}.`;
          }),
        ];
  const asked = new Set(route?.visits.flatMap(({ verdicts }) => verdicts.map(({ binding }) => binding)));
  const rest = view.bindings.filter(({ id, source }) => !asked.has(id) && source !== '');
  const others = rest.map((binding) => `${exchangeName(binding.source)} to ${nameOf(binding, view)}`);
  return [...told, others.length > 0 ? `Further bindings: ${others.join('; ')}.` : '']
    .filter(Boolean)
    .join(' ');
}

function nameOf(binding: RabbitmqView['bindings'][number], view: RabbitmqView): string {
  const exchange = view.exchanges.find(({ name }) => name === binding.source);
  const label = bindingLabel(binding, exchange);
  return `${binding.destination}${label === '' ? '' : ` by ${label}`}`;
}
