// Scrolls through 100,000 streams and measures how many frames come too late. On demand, as it takes a minute
// and a machine with nothing else to do:
//   npm run test:scroll
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { AmqpSession } from '../support/amqp-session.ts'
import { UiUnderTest } from './support/open-ui.ts'

const streamCount = 100_000
const channelCount = 20
const declaredAtOnce = 250
const scrollMs = 8000
/** Of frames that took longer than two of the screen's, which one sees. */
const lateShareMax = 0.02

interface Frames {
  readonly count: number
  readonly late: number
  readonly longestMs: number
}

async function main(): Promise<void> {
  const ui = new UiUnderTest()
  try {
    await ui.start()
    await declareMany(ui)
    const page = await ui.open('/streams')
    const box = page.locator('.table-full')
    await box.hover()
    const frames = await framesWhile(page, async () => {
      const end = performance.now() + scrollMs
      // A hand on a wheel, and now and then a jump.
      for (let step = 0; performance.now() < end; step++) {
        await page.mouse.wheel(0, step % 100 === 99 ? 200_000 : 400)
        await page.waitForTimeout(16)
      }
    })
    const { count, late, longestMs } = frames
    process.stdout.write(`${count} frames, ${late} late, the longest ${longestMs} ms\n`)
    assert.ok(frames.late <= frames.count * lateShareMax, 'too many frames were late')
    await page.locator('[aria-busy=true], .skeleton').first().waitFor({ state: 'detached' })
  } finally {
    await ui.close()
  }
}

async function declareMany(ui: UiUnderTest): Promise<void> {
  await using session = await AmqpSession.open(ui.broker.url)
  const each = streamCount / channelCount
  const declare = async (number: number): Promise<void> => {
    const channel = await session.channel()
    for (let start = 0; start < each; start += declaredAtOnce) {
      const names = Array.from(
        { length: declaredAtOnce },
        (_, index) => `shop-${number}.orders.${start + index}`,
      )
      await Promise.all(names.map((name) => channel.assertQueue(name, { durable: true })))
    }
  }
  await Promise.all(Array.from({ length: channelCount }, (_, number) => declare(number)))
}

/** Frames that the page shows meanwhile. */
async function framesWhile(page: Page, run: () => Promise<void>): Promise<Frames> {
  await page.evaluate(`
    globalThis.frames = []
    const note = (time) => { globalThis.frames.push(time); requestAnimationFrame(note) }
    requestAnimationFrame(note)
  `)
  await run()
  const times = (await page.evaluate('globalThis.frames')) as readonly number[]
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time))
  return {
    count: gaps.length,
    late: gaps.filter((gap) => gap > 34).length,
    longestMs: Math.round(Math.max(...gaps)),
  }
}

await main()
