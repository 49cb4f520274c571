// A message that is stored once more, and has waited already: its expiration is what is left of it. Without one the
// message is left as it is.
import { rangeOfProperty, readExpiration } from './content-header.ts'
import { setHeader } from './fill-source.ts'
import { PROPERTY_EXPIRATION } from './properties.gen.ts'
import type { RecordSource } from './record-source.ts'

/** `waitedMs` since it was stored first, of which whole seconds count, as MQTT has them [MQTT-3.3.2-6]. */
export function countDownExpiration(source: RecordSource, waitedMs: number): void {
  const { header, headerStart, headerEnd } = source
  const expiration = readExpiration(header, headerStart, headerEnd)
  const overMs = Math.floor(waitedMs / 1000) * 1000
  if (expiration === undefined || overMs <= 0) return
  const { start, end } = rangeOfProperty(header, headerStart, PROPERTY_EXPIRATION)
  const left = Buffer.from(String(Math.max(0, Number(expiration) - overMs)))
  const parts = [
    header.subarray(headerStart, start),
    Buffer.of(left.length),
    left,
    header.subarray(end, headerEnd),
  ]
  setHeader(source, Buffer.concat(parts))
}
