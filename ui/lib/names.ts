// Names of things in URLs. A name may hold any bytes: those that are no UTF-8 are lone surrogates in the
// API's JSON (`\udcff` is the byte FF), which no function of the browser can write into a URL.

const rawByteFirst = 0xdc80
const rawByteLast = 0xdcff

/** A name as one part of a URL; what may stand there as it is, stays readable. */
export function encodeName(name: string): string {
  let encoded = ''
  for (const character of name) encoded += encodeCharacter(character)
  return encoded
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code >= rawByteFirst && code <= rawByteLast) return percent(code - 0xdc00)
  return character.isWellFormed() ? encodeURIComponent(character) : '%EF%BF%BD'
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** Undoes `encodeName`; a `%` that begins no byte stands for itself. */
export function decodeName(encoded: string): string {
  if (!encoded.includes('%')) return encoded
  const bytes: number[] = []
  const unicode = new TextEncoder()
  for (const [part] of encoded.matchAll(/%[0-9a-f]{2}|[^%]+|%/gi)) {
    if (part.length === 3 && part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16))
    else bytes.push(...unicode.encode(part))
  }
  return textOf(Uint8Array.from(bytes))
}

/** UTF-8 as text; each byte that is none becomes a lone surrogate. */
function textOf(bytes: Uint8Array): string {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = lengthOfCharacter(bytes[at] ?? 0)
    try {
      text += strict.decode(bytes.subarray(at, at + length))
      at += length
    } catch {
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
      at++
    }
  }
  return text
}

function lengthOfCharacter(first: number): number {
  if (first < 0xc0) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}

/** What the API is asked with: parts in braces are names, as in `` apiPath`/v1/streams/${vhost}/${name}` ``. */
export function apiPath(texts: TemplateStringsArray, ...names: readonly string[]): string {
  return texts.reduce((path, text, index) => path + encodeName(names[index - 1] ?? '') + text)
}

/** Parameters behind a question mark; undefined and empty ones are left out. */
export function query(
  params: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue
    parts.push(`${encodeName(name)}=${readable(encodeName(String(value)))}`)
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

/** Characters that may stand in a query as they are. */
function readable(encoded: string): string {
  return encoded.replaceAll(/%(?:2F|3A|2C|40|24)/g, (byte) => decodeURIComponent(byte))
}
