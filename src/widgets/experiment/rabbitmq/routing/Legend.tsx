/** How to read the routing bench. */
export function RoutingLegend() {
  return (
    <>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xb-l-yes" x="2" y="3" width="22" height="9" rx="3" />
          <rect class="xb-l-yes" x="2" y="14" width="22" height="9" rx="3" />
        </svg>
        above a word that the binding asks for, below what the message has there: green where they match, red
        where the match ends
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <text x="7" y="18">
            *
          </text>
          <text x="18" y="17.5">
            #
          </text>
        </svg>
        * takes one word, # takes any number of words, none as well
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <path class="xb-l-track" d="M1 13h24" />
        </svg>
        the way that the message took; a queue gets one copy, however many of its bindings match
      </li>
      <li>
        To bind: pick an exchange in the figure, then a queue, with a click or Enter, and type the key. Any
        exchange, queue or binding can be declared and taken out below the figure.
      </li>
    </>
  );
}
