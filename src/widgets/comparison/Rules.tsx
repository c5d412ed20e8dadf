/** How a workload was carried to one broker: what was made of it, with which settings, and why that is the fair equivalent. */
import type { CarryRule } from '../../brokers/workload.ts';

interface Props {
  readonly rules: readonly CarryRule[];
  /** Takes another option of a rule; null where the rules are only told. */
  readonly choose: ((rule: string, option: string) => void) | null;
  readonly ready: boolean;
}

export function Rules({ rules, choose, ready }: Props) {
  return (
    <ul class="xb-rules">
      {rules.map(({ id, carries, made, settings, why, options, chosen }) => (
        <li key={id}>
          <b>{carries}</b>
          {choose && options.length > 0 && (
            <select
              aria-label={carries}
              value={chosen ?? ''}
              disabled={!ready}
              onChange={(event) => choose(id, event.currentTarget.value)}
            >
              {options.map((option) => (
                <option key={option.id} value={option.id} selected={option.id === chosen}>
                  {option.label}
                </option>
              ))}
            </select>
          )}
          <p>{made}</p>
          {settings.length > 0 && (
            <p class="xb-settings">
              {settings.map(({ name, value, default: byDefault }) => (
                <span key={name}>
                  <code>
                    {name}={value}
                  </code>
                  {byDefault !== null && byDefault !== value && <small> default {byDefault}</small>}
                </span>
              ))}
            </p>
          )}
          <details>
            <summary>Why</summary>
            <p>{why}</p>
          </details>
        </li>
      ))}
    </ul>
  );
}
