// What the simulation knows of rules by which messages move and go: each rule that is broken on purpose is
// found out by one of the first seeds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeadLetterWays } from '../../src/broker/dead-letter-ways.ts'
import { DeadLetterer } from '../../src/broker/dead-letterer.ts'
import { DueList } from '../../src/broker/delay/due-list.ts'
import { PolicyKeeper } from '../../src/broker/policy/policy-keeper.ts'
import { Departures } from '../../src/broker/queue/departures.ts'
import { Expiry } from '../../src/broker/queue/expiry.ts'
import { IdleTimer } from '../../src/broker/queue/idle-timer.ts'
import { Queue } from '../../src/broker/queue/queue.ts'
import { Returns } from '../../src/broker/queue/returns.ts'
import { TopologyLog } from '../../src/broker/topology-log.ts'
import { LogCursor } from '../../src/log/log-cursor.ts'
import type { DeathReason } from '../../src/record/message/encode-death.ts'
import type { RecordView } from '../../src/record/message/record-view.ts'
import { everyNth, nobodyElse } from './planted.ts'
import { deadName, drawRules, type RuleQueue } from './rules/rule-plan.ts'
import { simulate } from './simulation.ts'

const plantedSeedCount = 60

describe('a broker is found out that now and then', () => {
  it('loses a dead letter', async (t) => {
    const { publish } = DeadLetterer.prototype
    const isForgotten = everyNth(5)
    t.mock.method(
      DeadLetterer.prototype,
      'publish',
      function forget(this: DeadLetterer, ...args: [Queue, RecordView, DeathReason]) {
        return isForgotten() || publish.apply(this, args)
      },
    )
    assert.match(await findViolation(), /letter .* is lost/)
  })

  it('sends a dead letter twice', async (t) => {
    const { publish } = DeadLetterer.prototype
    const isDoubled = everyNth(5)
    t.mock.method(
      DeadLetterer.prototype,
      'publish',
      function double(this: DeadLetterer, ...args: [Queue, RecordView, DeathReason]) {
        if (isDoubled()) publish.apply(this, args)
        return publish.apply(this, args)
      },
    )
    assert.match(
      await findViolation(),
      /is there already|had been taken|as if for the first|was in/,
    )
  })

  it('leaves a message that has died in its queue', async (t) => {
    const { ack } = LogCursor.prototype
    let isDying = false
    const { publish } = DeadLetterer.prototype
    const isLeft = everyNth(5)
    t.mock.method(
      DeadLetterer.prototype,
      'publish',
      function note(this: DeadLetterer, ...args: [Queue, RecordView, DeathReason]) {
        const isSent = publish.apply(this, args)
        isDying = isLeft()
        return isSent
      },
    )
    t.mock.method(LogCursor.prototype, 'ack', function leave(this: LogCursor, offset: number) {
      if (!isDying) ack.call(this, offset)
      isDying = false
    })
    assert.match(await findViolation(), /had gone on|had been taken|was in/)
  })

  it('gives another reason for a death', async (t) => {
    const { find } = DeadLetterWays.prototype
    const isLie = everyNth(5)
    t.mock.method(
      DeadLetterWays.prototype,
      'find',
      function lie(this: DeadLetterWays, queue: Queue, record: RecordView, reason: DeathReason) {
        return find.call(this, queue, record, isLie() ? 'maxlen' : reason)
      },
    )
    assert.match(await findViolation(), /cannot have died in/)
  })

  it('sends messages round for ever', async (t) => {
    const { publish } = DeadLetterer.prototype
    const { find } = DeadLetterWays.prototype
    let known: DeathReason = 'expired'
    t.mock.method(
      DeadLetterer.prototype,
      'publish',
      function insist(
        this: DeadLetterer,
        ...[queue, record, reason]: [Queue, RecordView, DeathReason]
      ) {
        known = reason
        return publish.call(this, queue, record, 'rejected')
      },
    )
    t.mock.method(
      DeadLetterWays.prototype,
      'find',
      function tell(this: DeadLetterWays, queue: Queue, record: RecordView) {
        return find.call(this, queue, record, known)
      },
    )
    assert.match(await findViolation(), /cannot have died in rules-lap/)
  })

  it('gives back what was rejected', async (t) => {
    const { settle } = Queue.prototype
    const isForgotten = everyNth(10)
    t.mock.method(
      Queue.prototype,
      'settle',
      function forget(this: Queue, ...[offset, reason]: Parameters<Queue['settle']>) {
        settle.call(this, offset, reason === 'reject' && isForgotten() ? 'fail' : reason)
      },
    )
    assert.match(await findViolation(), /had been taken \(reject\)/)
  })

  it('lets messages expire too early', async (t) => {
    const { dueAt } = Expiry.prototype
    t.mock.method(Expiry.prototype, 'dueAt', function hurry(this: Expiry, record: RecordView) {
      return dueAt.call(this, record) - 300
    })
    assert.match(await findViolation(), /ms after it was sent, not/)
  })

  it('delivers messages that have expired', async (t) => {
    t.mock.method(Expiry.prototype, 'isTooOld', () => false)
    t.mock.method(Expiry.prototype, 'dueAt', () => Infinity)
    assert.match(await findViolation(), /should have gone/)
  })

  it('lets delayed messages go too early', async (t) => {
    const { push } = DueList.prototype
    t.mock.method(
      DueList.prototype,
      'push',
      function hurry(this: DueList, ...[dueAt, bucket, offset]: Parameters<DueList['push']>) {
        push.call(this, dueAt - 300, bucket, offset)
      },
    )
    assert.match(await findViolation(), /ms after it was sent, not/)
  })

  it('takes messages into a full queue', async (t) => {
    t.mock.method(Queue.prototype, 'hasRoomFor', () => true)
    assert.match(await findViolation(), /rules-full has taken/)
  })

  it('refuses messages though there is room', async (t) => {
    const { hasRoomFor } = Queue.prototype
    const isRefused = everyNth(5)
    t.mock.method(
      Queue.prototype,
      'hasRoomFor',
      function refuse(this: Queue, ...args: Parameters<Queue['hasRoomFor']>) {
        return hasRoomFor.apply(this, args) && !isRefused()
      },
    )
    assert.match(await findViolation(), /was refused, and there are only/)
  })

  it('has more messages than a limit allows', async (t) => {
    t.mock.method(Departures.prototype, 'onAppended', () => undefined)
    assert.match(await findViolation('rules-short'), /has \d+ messages, not/)
  })

  it('tries a message too often', async (t) => {
    const { onReturned } = Returns.prototype
    t.mock.method(
      Returns.prototype,
      'onReturned',
      function insist(
        this: Returns,
        ...[offset, reason, settings]: Parameters<Returns['onReturned']>
      ) {
        onReturned.call(this, offset, reason, { ...settings, deliveryLimit: undefined })
      },
    )
    assert.match(await findViolation(), /comes back for the/)
  })

  it('does not count what comes back', async (t) => {
    t.mock.method(Returns.prototype, 'countOf', () => 0)
    assert.match(await findViolation(), /the count is 0 as it was/)
  })

  it('does not let a message wait for its next try', async (t) => {
    const { onReturned } = Returns.prototype
    t.mock.method(
      Returns.prototype,
      'onReturned',
      function hurry(
        this: Returns,
        ...[offset, reason, settings]: Parameters<Returns['onReturned']>
      ) {
        onReturned.call(this, offset, reason, { ...settings, delayedRetry: undefined })
      },
    )
    assert.match(await findViolation(), /comes back after/)
  })

  it('ends a queue that is in use', async (t) => {
    t.mock.method(IdleTimer.prototype, 'touch', () => undefined)
    assert.match(await findViolation('rules-plain'), /without use, and is gone after/)
  })

  it('does not end a queue that nobody uses', async (t) => {
    t.mock.getter(Queue.prototype, 'consumerCount', () => 1)
    assert.match(await findViolation(), /without use, and is there after/)
  })

  it('forgets a policy', async (t) => {
    const { write } = TopologyLog.prototype
    t.mock.method(
      TopologyLog.prototype,
      'write',
      function forget(this: TopologyLog, changes: Parameters<TopologyLog['write']>[0]) {
        return write.call(
          this,
          changes.filter(({ kind }) => kind !== 'policy'),
        )
      },
    )
    assert.match(await findViolation(), /the policy of (user|operator) is/)
  })

  it('does not apply a policy', async (t) => {
    t.mock.method(PolicyKeeper.prototype, 'applyTo', () => undefined)
    assert.match(await findViolation(), /has not the policy that holds|should have gone/)
  })
})

/**
 * What the first seed that finds anything finds, among clients of queues with rules alone: of all queues, or of
 * one and that for its dead letters.
 */
async function findViolation(only?: string): Promise<string> {
  const isWanted = ({ name }: RuleQueue): boolean =>
    only === undefined || name === only || name === deadName
  for (let seed = 1; seed <= plantedSeedCount; seed++) {
    const drawn = drawRules(seed)
    const rules = { ...drawn, queues: drawn.queues.filter(isWanted) }
    const { violation } = await simulate({
      seed,
      adapt: (plan) => ({
        ...plan,
        clients: nobodyElse,
        rules,
        parcels: undefined,
        ledger: undefined,
      }),
    })
    if (violation !== undefined) return `${violation.message} (seed ${seed})`
  }
  return 'nothing'
}
