import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backlog } from '../../src/broker/queue/backlog.ts'
import { simulate, type SimulationResult } from './simulation.ts'

/** Other seeds are for `npm run simulate`. */
const seedCount = 40

function explain({ seed, violation, recent }: SimulationResult): string {
  return [
    `seed ${seed}: ${violation?.message}`,
    ...recent,
    `To see all of it: npm run simulate -- --seed ${seed} --trace`,
  ].join('\n')
}

test('a broker keeps its promises whatever becomes of disk, connections and process', async () => {
  for (let seed = 1; seed <= seedCount; seed++) {
    const result = await simulate({ seed })
    assert.equal(result.violation, undefined, explain(result))
  }
})

test('the same seed is the same run', async () => {
  for (const seed of [1, 2, 3]) {
    const [first, second] = [await simulate({ seed }), await simulate({ seed })]
    assert.equal(second.eventCount, first.eventCount)
    assert.equal(second.hash, first.hash)
  }
})

test('an ack that is forgotten now and then is found', async (t) => {
  const { remove } = Backlog.prototype
  let count = 0
  t.mock.method(Backlog.prototype, 'remove', function forget(this: Backlog, offset: number) {
    if (++count % 50 === 0) {
      this.unackedCount--
      this.messageCount--
    } else remove.call(this, offset)
  })
  assert.match(await findViolation(), /was (?:done|durable), and now .* got .* again/)
})

/** What the first seed that finds anything finds. */
async function findViolation(): Promise<string> {
  for (let seed = 1; seed <= seedCount; seed++) {
    const { violation } = await simulate({ seed })
    if (violation !== undefined) return violation.message
  }
  return 'nothing'
}
