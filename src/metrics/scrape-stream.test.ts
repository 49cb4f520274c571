import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricsLimits } from '../limits/metrics.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { scrapeStream } from './scrape-stream.ts'

interface Scrape {
  readonly clock: VirtualClock
  readonly stream: ReadableStream<Uint8Array>
  readonly ended: string[]
}

/** Notes how its parts end, and that it is told. */
function scrapeOf(parts: readonly string[], error?: Error): Scrape {
  const clock = new VirtualClock()
  const ended: string[] = []
  const generate = async function* (): AsyncGenerator<string> {
    try {
      yield* parts
      if (error !== undefined) throw error
    } finally {
      ended.push('parts')
    }
  }
  const onEnd = (): void => void ended.push('told')
  return { clock, ended, stream: scrapeStream({ parts: generate(), clock, onEnd }) }
}

test('what is read to its end ends', async () => {
  const { stream, ended, clock } = scrapeOf(['a', 'é'])
  assert.equal(await new Response(stream).text(), 'aé')
  assert.deepEqual(ended, ['parts', 'told'])
  assert.equal(clock.timerCount, 0)
})

test('what is cancelled ends, begun or not', async () => {
  const begun = scrapeOf(['a', 'b', 'c'])
  const reader = begun.stream.getReader()
  await reader.read()
  await reader.cancel()
  assert.deepEqual(begun.ended.toSorted(), ['parts', 'told'])
  const other = scrapeOf([])
  await other.stream.cancel()
  assert.ok(other.ended.includes('told'))
  assert.equal(other.clock.timerCount, 0)
})

test('what nobody reads ends after a while', async () => {
  const { stream, ended, clock } = scrapeOf(['a', 'b', 'c'])
  const reader = stream.getReader()
  await reader.read()
  clock.advance(metricsLimits.scrapeMsMax)
  await assert.rejects(async () => {
    for (;;) await reader.read()
  }, /not read in time/)
  assert.deepEqual(ended.toSorted(), ['parts', 'told'])
})

test('what fails ends', async () => {
  const { stream, ended } = scrapeOf(['a'], new Error('broken'))
  await assert.rejects(new Response(stream).text(), /broken/)
  assert.deepEqual(ended, ['parts', 'told'])
})
