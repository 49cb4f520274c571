// What a retained message says, in one line; it pulses when that changes.
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { bytes } from '../../lib/format.ts'

export interface ShownPayload {
  readonly payload: string | null
  readonly payload_encoding: string | null
  readonly payload_bytes: number | null
  /** When it was published. */
  readonly time: number | null
}

export function RetainedValue(value: ShownPayload): JSX.Element | null {
  const { payload, payload_encoding: encoding, payload_bytes: size, time } = value
  const first = useRef(time)
  if (size === null) return null
  if (payload === null) return <span class="soft">{bytes(size)}</span>
  if (encoding === 'base64') {
    return <span class="soft">{`${bytes(size)} that are no text`}</span>
  }
  // Whoever opens the page has seen no change.
  const isNew = time !== first.current
  return (
    <span key={time} class={isNew ? 'mqtt-value mono pulse' : 'mqtt-value mono'} title={payload}>
      {payload === '' ? <span class="soft">empty</span> : payload}
    </span>
  )
}
