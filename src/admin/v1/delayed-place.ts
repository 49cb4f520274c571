// Places of delayed messages, and cursors of their lists, as text.
import type { DelayedPlace } from '../../broker/delay/browse-delayed.ts'

export function delayedCursorOf({ start, logId, offset }: DelayedPlace): string {
  return `${start}.${logId}.${offset}`
}

/** What `delayedCursorOf` made. */
export function readDelayedCursor(cursor: string): DelayedPlace | 'wrong' {
  const [, start, rest = ''] = /^(\d{1,15})\.(.*)$/.exec(cursor) ?? []
  const place = readDelayedPlace(rest)
  return start === undefined || place === undefined ? 'wrong' : { start: Number(start), ...place }
}

/** Undefined for what is no place. */
export function readDelayedPlace(text: string): { logId: number; offset: number } | undefined {
  const [, logId, offset] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return offset === undefined ? undefined : { logId: Number(logId), offset: Number(offset) }
}
