// What the simulation is good for: a broker that is broken on purpose is found out by one of the first seeds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Backlog } from '../../src/broker/queue/backlog.ts'
import { DeliveredMark } from '../../src/broker/queue/delivered-mark.ts'
import { Commit } from '../../src/log/commit.ts'
import type { Log } from '../../src/log/log.ts'
import type { Run } from '../../src/log/run.ts'
import { simulate } from './simulation.ts'

const plantedSeedCount = 100

describe('a broker is found out that now and then', () => {
  it('forgets an ack', async (t) => {
    const { remove } = Backlog.prototype
    const isForgotten = everyNth(50)
    t.mock.method(Backlog.prototype, 'remove', function forget(this: Backlog, offset: number) {
      if (isForgotten()) {
        this.unackedCount--
        this.messageCount--
      } else remove.call(this, offset)
    })
    assert.match(
      await findViolation(),
      /was (?:done|durable), and now .* got .* again|\(confirmed\) is not in parcels-kept|has \d+ messages, not/,
    )
  })

  it('does not write a record that it confirms', async (t) => {
    const { addRun } = Commit.prototype
    const isForgotten = everyNth(50)
    t.mock.method(Commit.prototype, 'addRun', function forget(this: Commit, log: Log, run: Run) {
      if (!isForgotten()) addRun.call(this, log, run)
    })
    assert.match(
      await findViolation(),
      /has lost|not shown|are damaged and skipped|got nothing from .*, which has/,
    )
  })

  it('does not note that it has delivered a message', async (t) => {
    t.mock.method(DeliveredMark.prototype, 'allows', () => true)
    t.mock.method(DeliveredMark.prototype, 'onDelivered', () => undefined)
    assert.match(await findViolation(), /as if (it were|for) the first time/)
  })

  it('forgets the offset that a group has committed', async (t) => {
    const { addState } = Commit.prototype
    const isForgotten = everyNth(5)
    const forget = function (this: Commit, key: string, value: Buffer | undefined): void {
      if (!key.startsWith('group/') || !isForgotten()) addState.call(this, key, value)
    }
    t.mock.method(Commit.prototype, 'addState', forget)
    assert.match(
      await findViolation(),
      /was told .* of group-. .*; committed were|two leaders in generation/,
    )
  })
})

/** True each `n`th time. */
function everyNth(n: number): () => boolean {
  let count = 0
  return () => ++count % n === 0
}

/** What the first seed that finds anything finds. */
async function findViolation(): Promise<string> {
  for (let seed = 1; seed <= plantedSeedCount; seed++) {
    const { violation } = await simulate({
      seed,
      adapt: (plan) => ({ ...plan, ledger: undefined }),
    })
    if (violation !== undefined) return violation.message
  }
  return 'nothing'
}
