/** How to read the stage of producers, partitions and groups. */
export function GroupsLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="3" y="3" width="20" height="20" rx="6" />
          <text x="13" y="17.5">
            A
          </text>
        </svg>
        a record, its key as colour and letter; a dot when it has none
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-hollow" x="4" y="4" width="18" height="18" rx="6" />
        </svg>
        hollow: its producer has not been told yet that it is stored
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-ring" x="2" y="2" width="22" height="22" rx="8" />
          <rect class="xp-l-full" x="5" y="5" width="16" height="16" rx="5" />
        </svg>
        ringed: given to a group, or processed by it, more than once
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-l-committed" d="M13 7l7 12h-14z" />
        </svg>
        committed offset: where the group goes on after a restart
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-l-position" d="M13 7l7 12h-14z" />
        </svg>
        position: what the owner’s next poll returns
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-l-watermark" d="M13 3v20" />
        </svg>
        high watermark: consumers can read what is to the left of it
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <circle class="xp-mark-done" cx="5" cy="13" r="2.6" />
          <circle class="xp-mark-again" cx="13" cy="13" r="5" />
          <circle class="xp-mark-done" cx="13" cy="13" r="2.2" />
          <path class="xp-mark-missed" d="M18.5 9.5l7 7m0 -7l-7 7" />
        </svg>
        where several groups read a partition, under each record and for each group: processed, processed
        again, or committed and not processed (lost, unless somebody is at it)
      </li>
    </>
  );
}
