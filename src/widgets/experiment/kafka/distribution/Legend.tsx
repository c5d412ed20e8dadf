/** How to read the stage of distributions. */
export function DistributionLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="3" y="3" width="20" height="20" rx="6" />
          <text x="13" y="17.5">
            A
          </text>
        </svg>
        a record, its key as colour and letter; a dot when it has none; hollow until its producer is told
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="1" y="6" width="11" height="14" rx="2" />
          <rect class="xp-l-second" x="13" y="6" width="7" height="14" rx="2" />
          <rect class="xp-l-others" x="21" y="6" width="4" height="14" rx="2" />
        </svg>
        a bar: everything that was ever written to the partition, by key; grey for other keys and for none
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-even" d="M13 3v20" />
        </svg>
        where the bar would end if records were spread evenly
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-strip xp-strip-0" x="1" y="10" width="12" height="6" rx="1" />
          <rect class="xp-strip xp-strip-1" x="14" y="10" width="11" height="6" rx="1" />
        </svg>
        who wrote them, where there are several producers
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-full" x="3" y="3" width="20" height="20" rx="6" />
          <path class="xp-split-sign" d="M14 3h9v9z" />
        </svg>
        a corner: records of this key lie in other partitions too
      </li>
    </>
  );
}
