/**
 * What makes text look different from what it is: marks that turn its direction around (U+202E and its
 * like), separators that some programs take for the end of a line, and the controls from U+0080 to
 * U+009F, of which U+009B begins a command to a terminal.
 */
const deceiving = /[\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Writes such characters as JSON would be allowed to: `\u202e`. */
export function escapeDeceiving(text: string): string {
  return text.replace(
    deceiving,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
