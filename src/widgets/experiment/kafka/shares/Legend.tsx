/** How to read the stage of share groups. */
export function SharesLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="5" y="5" width="16" height="16" rx="5" />
          <circle class="xp-lock" cx="13" cy="13" r="11.5" stroke-dasharray="50 80" />
        </svg>
        held by the member named above it; the ring is what is left of its lock
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-hollow" x="4" y="4" width="18" height="18" rx="6" />
        </svg>
        hollow: available, to be taken by anyone
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xp-share-acknowledged" style="--key:var(--k-a)">
            <rect class="xp-l-full xp-square" x="4" y="4" width="18" height="18" rx="6" />
            <path class="xp-tick" d="M8 13l4 4.5 7-9" />
          </g>
        </svg>
        faint with a tick: acknowledged; in a consumer group, committed
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-hollow" x="4" y="4" width="18" height="18" rx="6" />
          <path class="xp-cross" d="M5 5l16 16M21 5L5 21" />
        </svg>
        crossed: archived; nobody accepted it, and the group does not see it again
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="2" y="2" width="18" height="18" rx="6" />
          <circle class="xp-deliveries" cx="18" cy="18" r="6.5" />
          <text class="xp-deliveries-word" x="18" y="21.4">
            2
          </text>
        </svg>
        a small number: how often it was delivered, from the second time on
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-window" x="3" y="5" width="20" height="16" />
        </svg>
        the window: from the first record that is not done (SPSO) to the last that was ever taken (SPEO)
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-l-committed" d="M8 8l5 9h-10z" />
          <path class="xp-l-position" d="M18 7l6 11h-12z" />
        </svg>
        in a consumer group: its committed offset, and the position of its reader
      </li>
    </>
  );
}
