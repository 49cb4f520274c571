// Escapes in headers (STOMP 1.1 "Value Encoding", 1.2 "Value Encoding"): 1.0 has none, 1.1 has \n \c \\, and 1.2 has
// \r as well. Headers of CONNECT and CONNECTED are never escaped, so that those of 1.0 are understood.
//
// Invariant: whatever is written into a header, no line ends in it.
import { FrameError } from './frame-error.ts'
import type { StompVersion } from './stomp-version.ts'

const escapes: Readonly<Record<string, string>> = { n: '\n', c: ':', '\\': '\\', r: '\r' }

/** What a name or value of a header means. Throws FrameError for an escape that the version does not have. */
export function unescapeHeader(text: string, version: StompVersion): string {
  if (version === '1.0' || !text.includes('\\')) return text
  return text.replaceAll(/\\([^]?)/g, (escape, char: string) => {
    const meant = Object.hasOwn(escapes, char) ? escapes[char] : undefined
    if (meant === undefined || (char === 'r' && version === '1.1')) {
      throw new FrameError(`'${escape}' is no escape of STOMP ${version}`)
    }
    return meant
  })
}

const special = /[\\\r\n:]/

/** How a value is written. What 1.0 cannot say is written as 1.2 does, because its lines must not end early. */
export function escapeValue(text: string, version: StompVersion): string {
  if (!special.test(text)) return text
  if (version === '1.0') return text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(':', '\\c')
  // In 1.1 a carriage return has no escape, and ends no line.
  return version === '1.1' ? escaped : escaped.replaceAll('\r', '\\r')
}

/** How a name is written: a colon ends it in every version. */
export function escapeName(text: string, version: StompVersion): string {
  const escaped = escapeValue(text, version)
  return version === '1.0' ? escaped.replaceAll(':', '\\c') : escaped
}
