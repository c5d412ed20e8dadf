/** How to read the stage of replicas. */
export function ReplicasLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xr-crown" d="M6 19l-2-11l6 4l3-7l3 7l6-4l-2 11z" />
        </svg>
        leads the partition: producers write to it, the others copy from it. Its epoch grows with each
        election
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xr-committed" x="1" y="3" width="14" height="20" />
          <path class="xp-l-watermark" d="M15 1v24" />
        </svg>
        committed: everything left of a copy’s high watermark. A follower hears of it a moment later
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="1" y="7" width="11" height="11" rx="3" />
          <rect class="xp-l-hollow" x="14.5" y="8" width="9.5" height="9.5" rx="3" />
        </svg>
        a record that its producer was told is stored; hollow: not told yet
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xr-chip xr-out">
            <circle cx="13" cy="13" r="9" />
          </g>
        </svg>
        dashed and dimmed: a copy that is out of the ISR, which nothing waits for
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g>
            <rect class="xp-l-full" x="4" y="7" width="17" height="17" rx="5" />
            <rect class="xr-l-fault" x="4" y="7" width="17" height="17" rx="5" />
          </g>
          <circle class="xr-sign" cx="12.5" cy="6" r="5.5" />
          <path class="xr-unequal" d="M9.5 4.5h6m0 3h-6m1.5 2l3-7" />
        </svg>
        not what the leader has at this offset: it will be cut off
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-hollow" x="4" y="4" width="18" height="18" rx="6" />
          <path class="xr-cross" d="M2 2l22 22M24 2l-22 22" />
        </svg>
        cut off, falling out of the log; in the last row, what a producer was told is stored and no leader has
      </li>
    </>
  );
}
