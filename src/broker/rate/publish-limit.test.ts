import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turn } from '../../lib/turn.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { PublishLimit } from './publish-limit.ts'
import { PublishMeter } from './publish-meter.ts'
import { PublishRates } from './publish-rates.ts'

/** A publisher that always has another message: it sends one each time it may, and counts them. */
class Greedy {
  readonly meter: PublishMeter
  count = 0
  readonly #size: number

  constructor(size: number, open: (greedy: Greedy) => PublishMeter) {
    this.#size = size
    this.meter = open(this)
  }

  isPaused = false
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
    this.send()
  }

  send(): void {
    while (!this.isPaused) {
      this.count++
      this.meter.onPublished(1, this.#size)
    }
  }
}

function withLimit(limit: PublishLimit, size = 0): Greedy {
  return new Greedy(size, (greedy) => {
    const meter = new PublishMeter(greedy)
    meter.setLimits([limit])
    return meter
  })
}

function context(): { clock: VirtualClock; turn: Turn } {
  const clock = new VirtualClock()
  return { clock, turn: new Turn(clock) }
}

test('a rate of messages holds, after what was saved up', () => {
  const parts = context()
  const greedy = withLimit(new PublishLimit(parts, { messages: 1000, bytes: undefined }))
  greedy.send()
  assert.equal(greedy.count, 101)
  parts.clock.advance(10_000)
  assert.ok(Math.abs(greedy.count - 10_100) <= 10, String(greedy.count))
})

test('a message larger than the rate of bytes passes as a whole, and is paid for', () => {
  const parts = context()
  const greedy = withLimit(new PublishLimit(parts, { messages: undefined, bytes: 1000 }), 5000)
  greedy.send()
  assert.equal(greedy.count, 1)
  parts.clock.advance(4899)
  assert.equal(greedy.count, 1)
  parts.clock.advance(2)
  assert.equal(greedy.count, 2)
})

test('those who share a limit have equal parts of it', () => {
  const parts = context()
  const limit = new PublishLimit(parts, { messages: 10_000, bytes: undefined })
  const all = Array.from({ length: 4 }, () => withLimit(limit))
  for (const greedy of all) greedy.send()
  const before = all.map(({ count }) => count)
  parts.clock.advance(4000)
  const counts = all.map(({ count }, index) => count - before[index]!)
  const sum = counts.reduce((total, count) => total + count, 0)
  assert.ok(Math.abs(sum - 40_000) < 400, String(sum))
  for (const count of counts) assert.ok(Math.abs(count - sum / 4) < sum / 40, String(counts))
})

test('nobody waits on a limit that is raised or lifted, and no timer outlives who waited', () => {
  const parts = context()
  const limits: Record<string, number> = { 'max-publish-rate': 1 }
  const rates = new PublishRates({
    ...parts,
    limitsOf: { user: () => limits, vhost: () => undefined },
    ofConnection: { messages: undefined, bytes: undefined },
  })
  const open = (): Greedy =>
    new Greedy(0, (greedy) => rates.open({ user: 'u', vhost: '/' }, greedy))
  const [one, two] = [open(), open()]
  one.send()
  two.send()
  assert.deepEqual([one.isPaused, two.isPaused], [true, true])
  limits['max-publish-rate'] = 1000
  rates.refresh('user', 'u')
  assert.ok(one.count > 50, String(one.count))
  limits['max-publish-rate'] = -1
  two.resume = () => (two.isPaused = false)
  one.resume = () => (one.isPaused = false)
  rates.refresh('user', 'u')
  assert.deepEqual([one.isPaused, two.isPaused], [false, false])
  assert.deepEqual([one.meter.isLimited, two.meter.isLimited], [false, false])
})

test('a debt is not paid off by connecting again', () => {
  const parts = context()
  const rates = new PublishRates({
    ...parts,
    limitsOf: { user: () => ({ 'max-publish-rate': 10 }), vhost: () => undefined },
    ofConnection: { messages: undefined, bytes: undefined },
  })
  const open = (): Greedy =>
    new Greedy(0, (greedy) => rates.open({ user: 'u', vhost: '/' }, greedy))
  let total = 0
  for (let count = 0; count < 50; count++) {
    const greedy = open()
    greedy.send()
    total += greedy.count
    greedy.meter.close()
  }
  // Each gets one message in, and the last waits for all of them.
  assert.equal(total, 51)
  const last = open()
  last.send()
  parts.clock.advance(4900)
  assert.equal(last.count, 1)
  parts.clock.advance(300)
  assert.ok(last.count > 1)
})

test('each time that a publisher has to wait is counted', () => {
  const parts = context()
  const rates = new PublishRates({
    ...parts,
    limitsOf: { user: () => undefined, vhost: () => undefined },
    ofConnection: { messages: 1000, bytes: undefined },
  })
  const connection = { pause: () => undefined, resume: () => undefined }
  const meter = rates.open({ user: 'a', vhost: '/' }, connection)
  meter.onPublished(50, 0)
  assert.equal(rates.pauseCount, 0)
  for (let count = 0; count < 2; count++) {
    meter.onPublished(200, 0)
    parts.clock.advance(1000)
  }
  assert.equal(rates.pauseCount, 2)
})
