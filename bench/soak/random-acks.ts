// 5 M acks in random order: what a log remembers of them stays within a few MB at any time. In this
// process, on the cursor alone: over AMQP a channel may not hold that many unacked.
import { AckedOffsets } from '../../src/log/acked-offsets.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { expectAtMost, expectEqual, type SoakScenario } from './soak-scenario.ts'

const ACKS = 5_000_000
const STEPS = 10
const GROWTH_MB_MAX = 8

export const randomAcks: SoakScenario = async ({ scale, report }) => {
  const count = Math.round(ACKS * scale)
  const order = shuffled(count)
  const cursor = new AckedOffsets()
  const before = usedMegabytes()
  let highest = 0
  let spentMs = 0
  for (let step = 0; step < STEPS; step++) {
    const end = Math.round(((step + 1) * count) / STEPS)
    const started = performance.now()
    for (let index = Math.round((step * count) / STEPS); index < end; index++) {
      if (!cursor.ack(order[index] as number)) throw new Error('acked twice')
    }
    spentMs += performance.now() - started
    const used = usedMegabytes() - before
    highest = Math.max(highest, used)
    report(`${String(end).padStart(9)} acked: ${used.toFixed(2)} MB`)
    await Promise.resolve()
  }
  expectEqual('floor', cursor.floor, count)
  report(
    `${((spentMs * 1e6) / count).toFixed(0)} ns per ack, ${highest.toFixed(2)} MB at the highest`,
  )
  expectAtMost('MB', highest, GROWTH_MB_MAX)
}

function shuffled(count: number): Uint32Array {
  const random = seededRandom(1)
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let index = count - 1; index > 0; index--) {
    const other = random.below(index + 1)
    const kept = order[index] as number
    order[index] = order[other] as number
    order[other] = kept
  }
  return order
}

function usedMegabytes(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}
