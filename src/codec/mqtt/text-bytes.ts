// What text in a packet may be (section 1.5.4): UTF-8 in its shortest form, without surrogates, without U+0000 and
// without the control characters and non-characters that a receiver may refuse. Mosquitto refuses them as well.
// Topic names and topic filters are such text with rules of their own (section 4.7).

const slash = 0x2f
const plus = 0x2b
const hash = 0x23

/** Whether `buffer[start, end)` is text that may stand in a packet. */
export function isText(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number
    if (byte < 0x20 || byte > 0x7e) return isLongText(buffer, at, end)
  }
  return true
}

/** Whether it is a topic name: text of at least one character without wildcards [MQTT-3.3.2-2] [MQTT-4.7.3-1]. */
export function isTopicName(buffer: Buffer, start: number, end: number): boolean {
  if (start === end) return false
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number
    if (byte === plus || byte === hash) return false
    if (byte < 0x20 || byte > 0x7e)
      return isLongText(buffer, at, end) && !hasWildcard(buffer, at, end)
  }
  return true
}

/**
 * Whether it is a topic filter: text of at least one character, `+` alone in its level, `#` alone in the last one
 * [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1].
 */
export function isTopicFilter(buffer: Buffer, start: number, end: number): boolean {
  if (start === end || !isText(buffer, start, end)) return false
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number
    if (byte !== plus && byte !== hash) continue
    if (at > start && buffer[at - 1] !== slash) return false
    if (at + 1 === end) continue
    if (byte === hash || buffer[at + 1] !== slash) return false
  }
  return true
}

function hasWildcard(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = buffer[at] as number
    if (byte === plus || byte === hash) return true
  }
  return false
}

/** The same as `isText` for text that is not all printable ASCII. */
function isLongText(buffer: Buffer, start: number, end: number): boolean {
  let at = start
  while (at < end) {
    const first = buffer[at] as number
    const size = sizeFor(first)
    if (size === 0 || at + size > end) return false
    let codePoint = size === 1 ? first : first & (0xff >> (size + 1))
    for (let next = at + 1; next < at + size; next++) {
      const byte = buffer[next] as number
      if ((byte & 0xc0) !== 0x80) return false
      codePoint = (codePoint << 6) | (byte & 0x3f)
    }
    if (codePoint < (smallestOfSize[size] as number) || isRefused(codePoint)) return false
    at += size
  }
  return true
}

/** What fewer bytes say may not be said in more of them. */
const smallestOfSize: readonly number[] = [0, 0, 0x80, 0x800, 0x1_0000]

/** Bytes of the character that begins so; 0 when none does. */
function sizeFor(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc2) return 0
  if (first < 0xe0) return 2
  if (first < 0xf0) return 3
  return first < 0xf5 ? 4 : 0
}

function isRefused(codePoint: number): boolean {
  if (codePoint < 0x20) return true
  if (codePoint < 0x7f) return false
  if (codePoint <= 0x9f) return true
  if (codePoint < 0xd800) return false
  if (codePoint <= 0xdfff || codePoint > 0x10_ffff) return true
  return (codePoint >= 0xfdd0 && codePoint <= 0xfdef) || (codePoint & 0xfffe) === 0xfffe
}
