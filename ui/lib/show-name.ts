// Shows a name as what it is: what one could not see, or would read wrongly, is written out.

export interface NamePart {
  readonly text: string
  /** It stands for something else: `␀`, `FF` for a byte that is no UTF-8, `U+202E`. */
  readonly isSpecial: boolean
}

/** Controls, raw bytes, marks of direction, characters without width, and spaces that look like others. */
const special = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u2000-\u200a\u3000]|^ | $/gu

export function showName(name: string): NamePart[] {
  if (name === '') return [{ text: 'empty name', isSpecial: true }]
  const parts: NamePart[] = []
  let at = 0
  for (const match of name.matchAll(special)) {
    if (match.index > at) parts.push({ text: name.slice(at, match.index), isSpecial: false })
    parts.push({ text: writtenOut(match[0]), isSpecial: true })
    at = match.index + match[0].length
  }
  if (at < name.length) parts.push({ text: name.slice(at), isSpecial: false })
  return parts
}

function writtenOut(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (character === ' ') return '␣'
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code >= 0xdc80 && code <= 0xdcff) return (code - 0xdc00).toString(16).toUpperCase()
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}

/** The same as one text, for titles and sentences. */
export function plainName(name: string): string {
  return showName(name)
    .map(({ text, isSpecial }) => (isSpecial ? `⟨${text}⟩` : text))
    .join('')
}

/** What a person types to say that it is this one: `otherwise` where its name is long, or no keyboard has it. */
export function typedName(name: string, otherwise: string): string {
  return name.length <= 60 && plainName(name) === name ? name : otherwise
}
