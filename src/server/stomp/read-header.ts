// Headers whose values are more than text.
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { invalidHeader } from './stomp-error.ts'

/** A whole number; undefined when it is not there. Throws StompError for anything else. */
export function findInteger(headers: FrameHeaders, name: string): number | undefined {
  const text = headers.get(name)?.trim()
  if (text === undefined) return undefined
  if (!/^[+-]?\d{1,15}$/.test(text)) throw invalidHeader(name, 'must be a whole number')
  return Number(text)
}

/** As RabbitMQ: some clients of Python write `True`. Any other value counts as none. */
export function findBoolean(headers: FrameHeaders, name: string): boolean | undefined {
  return asBoolean(headers.get(name))
}

/** The same for a value. */
export function asBoolean(text: string | undefined): boolean | undefined {
  if (text === 'true' || text === 'True') return true
  return text === 'false' || text === 'False' ? false : undefined
}

/** What RabbitMQ's texts put between quotes. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
