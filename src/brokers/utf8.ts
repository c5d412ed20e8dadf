/** The length of a text as it travels. */

/** How many bytes a text takes in UTF-8; a surrogate without its other half takes one, as in Java. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80 || (code >= 0xd800 && code <= 0xdfff)) length += 1;
    else length += code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
