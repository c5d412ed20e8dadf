/** How to read the stage of replicas. */
export function QuorumLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="3" y="3" width="20" height="20" rx="6" />
          <text x="13" y="17.5">
            A
          </text>
        </svg>
        a message in a replica’s log, its number below; faded in a follower’s copy, hollow until its publisher
        has been told that it is safe
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xu-l-committed" x="1" y="3" width="14" height="20" rx="4" />
          <path class="xu-l-line" d="M15 1v24" />
        </svg>
        committed: a majority of the replicas has what is to the left of the line, and the queue gives it out
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xu-crown" d="M6 19l-1 -9l5 3.5l4 -7l4 7l5 -3.5l-1 9z" />
        </svg>
        the leader: publishers write to it, and consumers are given messages by it
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xu-l-gone" x="4" y="4" width="18" height="18" rx="6" />
        </svg>
        pale: acknowledged, or dead-lettered; it is in the log still, and in the queue no more
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-hollow" x="4" y="4" width="18" height="18" rx="6" />
          <path class="xq-l-cross" d="M3 3l20 20m0 -20l-20 20" />
        </svg>
        struck: cut off because the leader does not have it, or lost with its node
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="1" y="7" width="11" height="11" rx="4" />
          <path class="xq-l-ink" d="M2 22h9" />
          <rect class="xq-l-slot" x="14" y="7" width="11" height="11" rx="4" />
        </svg>
        beside a consumer what it owes an acknowledgement for, and what its prefetch leaves room for
      </li>
    </>
  );
}
