/** How to read the stage of timelines. */
export function TimelineLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xt-bar xt-reading">
            <rect x="1" y="6" width="24" height="14" rx="4" />
          </g>
        </svg>
        the member reads the partitions that are written in it
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xt-bar xt-joining">
            <rect x="1" y="1" width="24" height="10" rx="3" />
          </g>
          <g class="xt-bar xt-without">
            <rect x="1" y="15" width="24" height="10" rx="3" />
          </g>
        </svg>
        it joins, or is between two assignments; grey, it is a member without a partition
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xt-bar xt-paused">
            <rect x="1" y="1" width="24" height="10" rx="3" />
          </g>
          <g class="xt-bar xt-gone">
            <path d="M1 20h24M2 16l7 8m0-8l-7 8" />
          </g>
        </svg>
        its process stands still; below, it crashed or left
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xt-shade" x="5" y="2" width="16" height="22" />
        </svg>
        the group rebalances
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xt-unowned" x="2" y="13" width="11" height="10" />
          <rect class="xt-nobody" x="13" y="3" width="11" height="20" />
        </svg>
        partitions without an owner, as high as there are of them; full height: nobody reads anything, and for
        how long
      </li>
    </>
  );
}
