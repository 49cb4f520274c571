// The body of an answer: the parts as they are wanted. Whatever becomes of its reader, it ends: it is read,
// cancelled, or not read for too long.
import type { Clock, Timer } from '../lib/clock.ts'
import { metricsLimits } from '../limits/metrics.ts'

export interface ScrapeStreamParts {
  readonly parts: AsyncGenerator<string>
  readonly clock: Pick<Clock, 'after'>
  /** Called once. */
  readonly onEnd: () => void
}

export function scrapeStream({
  parts,
  clock,
  onEnd,
}: ScrapeStreamParts): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let timer: Timer | undefined
  let hasEnded = false
  const end = (): void => {
    if (hasEnded) return
    hasEnded = true
    timer?.stop()
    onEnd()
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      timer = clock.after(metricsLimits.scrapeMsMax, () => {
        end()
        controller.error(new Error('metrics were not read in time'))
        void parts.return(undefined)
      })
    },
    async pull(controller) {
      try {
        const { value, done } = await parts.next()
        if (hasEnded) return
        if (done !== true) {
          controller.enqueue(encoder.encode(value))
          return
        }
        end()
        controller.close()
      } catch (error) {
        end()
        throw error
      }
    },
    async cancel() {
      end()
      await parts.return(undefined)
    },
  })
}
