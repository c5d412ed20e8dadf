/** How to read the stage of a log in detail. */
export function LogLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xl-frame">
            <rect class="xl-ground" x="2" y="4" width="22" height="18" rx="5" />
            <path d="M7 4h12a5 5 0 0 1 5 5v8a5 5 0 0 1-5 5h-12a5 5 0 0 1-5-5v-8a5 5 0 0 1 5-5z" />
          </g>
        </svg>
        a segment: a file, named after its first offset; red and dashed, the one that retention takes next
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xp-cell xl-tombstone xl-l-key">
            <path class="xp-square" d="M5 22v-10a8 8 0 0 1 16 0v10z" />
            <path class="xl-base" d="M3 22.5h20" />
          </g>
        </svg>
        a tombstone: a key without a value, which compaction takes as “delete this key”
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xl-gap">
            <circle cx="13" cy="13" r="2.2" />
          </g>
        </svg>
        compacted away: offsets are never given twice, so its number stays
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xp-cell xl-open xl-l-key" transform="translate(3 3)">
            <rect class="xp-square" x="1" y="1" width="18" height="18" rx="6" />
            <path class="xl-hatch" d="M2 6l4-4M2 12l10-10M2 18l16-16M8 18l10-10M14 18l4-4" />
          </g>
        </svg>
        hatched: its transaction is open; pale and struck out: aborted
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <g class="xl-marker xl-committed">
            <path d="M13 2.5l10.5 10.5l-10.5 10.5l-10.5-10.5z" />
          </g>
        </svg>
        a marker, C for commit and A for abort: it takes an offset, and no reader is given it
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-l-watermark" d="M8 2v22" />
          <g class="xl-flag xl-stable">
            <path d="M18 2v22" />
          </g>
        </svg>
        high watermark, and dashed the last stable offset: where read_committed stops
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xp-l-committed" d="M7 9l6 10h-12z" />
          <path class="xp-l-position" d="M19 9l6 10h-12z" />
        </svg>
        committed offset of a group, and hollow its position
      </li>
    </>
  );
}
