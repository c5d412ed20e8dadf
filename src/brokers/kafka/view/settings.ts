/** What holds for each topic: the scenario's settings, and what was changed while it ran. */
import {
  effectiveConfig,
  TOPIC_DEFAULTS,
  type EffectiveTopicConfig,
  type KafkaBrokerConfig,
  type KafkaSystem,
  type TopicConfig,
} from '../config.ts';
import type { Event } from './event.ts';

export class Settings {
  private readonly broker: KafkaBrokerConfig;
  private readonly own = new Map<string, TopicConfig>();
  private readonly effective = new Map<string, EffectiveTopicConfig>();

  constructor(system: KafkaSystem) {
    this.broker = system.config;
    for (const { name, config } of system.topics) this.own.set(name, config);
  }

  of(topic: string): EffectiveTopicConfig {
    let config = this.effective.get(topic);
    if (!config) {
      config = effectiveConfig(this.own.get(topic) ?? {}, this.broker);
      this.effective.set(topic, config);
    }
    return config;
  }

  configured({ name, settings }: Event<'configured'>): void {
    const own = { ...this.own.get(name) } as Record<string, string | number | boolean>;
    for (const [setting, value] of settings) {
      if (!(setting in TOPIC_DEFAULTS)) continue;
      if (value === null) Reflect.deleteProperty(own, setting);
      else own[setting] = parse(TOPIC_DEFAULTS[setting as keyof typeof TOPIC_DEFAULTS], value);
    }
    this.own.set(name, own);
    this.effective.delete(name);
  }
}

/** The trace carries values as the tools print them. */
function parse(like: string | number | boolean, value: string): string | number | boolean {
  if (typeof like === 'number') return Number(value);
  return typeof like === 'boolean' ? value === 'true' : value;
}
