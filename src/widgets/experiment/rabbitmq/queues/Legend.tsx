/** How to read the stage of publishers, exchanges, queues and consumers. */
export function QueuesLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="3" y="3" width="20" height="20" rx="6" />
          <text x="13" y="17.5">
            A
          </text>
        </svg>
        a message, its key as colour and letter; hollow until its publisher has been told that it is safe
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <circle class="xq-l-crossing" cx="13" cy="13" r="10" />
          <path class="xq-l-line" d="M4 13h7M11 13l9 -5M11 13l9 5" />
        </svg>
        an exchange: a crossing; its tracks are bindings, with what they ask for written on them
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xq-l-line" d="M1 5h24M1 21h24" />
          <rect class="xp-l-full" x="13" y="8" width="10" height="10" rx="3" />
        </svg>
        a queue: messages come in at the left and leave at the right, where its head is; a number stands for
        those that have no room
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="1" y="7" width="11" height="11" rx="4" />
          <path class="xq-l-ink" d="M2 22h9" />
          <rect class="xq-l-slot" x="14" y="7" width="11" height="11" rx="4" />
        </svg>
        beside a consumer what it owes an acknowledgement for, underlined while it works on it; empty places
        are what its prefetch leaves room for
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-ring" x="2" y="2" width="22" height="22" rx="8" />
          <rect class="xp-l-full" x="5" y="5" width="16" height="16" rx="5" />
        </svg>
        ringed: it came back to the queue, and is given out again
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-hollow" x="4" y="4" width="18" height="18" rx="6" />
          <path class="xq-l-cross" d="M3 3l20 20m0 -20l-20 20" />
        </svg>
        crossed: dead-lettered, dropped, or lost with its consumer, with the reason beside it
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="3" y="3" width="20" height="20" rx="6" />
          <path class="xq-l-corner" d="M3 12V9a6 6 0 0 1 6 -6h3z" />
        </svg>
        a red corner: it came here as a dead letter; a line at the foot: what is left of its time to live
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xq-l-dead" d="M1 13h24" />
        </svg>
        the way of dead letters, from a queue to its dead-letter exchange
      </li>
    </>
  );
}
