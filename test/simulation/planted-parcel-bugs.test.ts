// What the simulation knows of having a message once, again, in several subscriptions and at a rate: each such
// promise that is broken on purpose is found out by one of the first seeds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IdWindow } from '../../src/broker/deduplication/id-window.ts'
import { PresentIds } from '../../src/broker/deduplication/present-ids.ts'
import { Queue } from '../../src/broker/queue/queue.ts'
import { PublishMeter } from '../../src/broker/rate/publish-meter.ts'
import { LogCursor } from '../../src/log/log-cursor.ts'
import { drawParcels, type ParcelQueue } from './parcels/parcel-plan.ts'
import type { FaultKind, Plan } from './plan.ts'
import { everyNth, nobodyElse } from './planted.ts'
import { simulate } from './simulation.ts'

const plantedSeedCount = 60

const isOnce = ({ name }: ParcelQueue): boolean => name === 'parcels-once'

describe('a broker is found out that now and then', () => {
  it('forgets which messages an exchange had let through', async (t) => {
    t.mock.method(IdWindow.prototype, 'restore', () => undefined)
    assert.match(
      await findViolation({ isWanted: isOnce, fault: 'kill' }),
      /is in parcels-once twice/,
    )
  })

  it('lets a message through again though it knows it', async (t) => {
    const { has } = IdWindow.prototype
    const isForgotten = everyNth(10)
    t.mock.method(IdWindow.prototype, 'has', function forget(this: IdWindow, id: string) {
      return has.call(this, id) && !isForgotten()
    })
    assert.match(await findViolation(), /is in parcels-once twice/)
  })

  it('remembers a message that is lost with the power', async (t) => {
    const { note } = IdWindow.prototype
    const { has } = IdWindow.prototype
    const seen = new Set<string>()
    t.mock.method(
      IdWindow.prototype,
      'note',
      function keep(this: IdWindow, ...args: Parameters<IdWindow['note']>) {
        seen.add(args[0].id)
        note.apply(this, args)
      },
    )
    // As if the id were written ahead of its message.
    t.mock.method(IdWindow.prototype, 'has', function remember(this: IdWindow, id: string) {
      return has.call(this, id) || seen.has(id)
    })
    assert.match(
      await findViolation({ isWanted: isOnce, fault: 'power', onSeed: () => seen.clear() }),
      /is not in parcels-once/,
    )
  })

  it('forgets which messages are in a queue', async (t) => {
    t.mock.method(PresentIds.prototype, 'restore', () => false)
    assert.match(await findViolation(), /is in parcels-present twice/)
  })

  it('rewinds a queue not far enough', async (t) => {
    const { rewind } = Queue.prototype
    t.mock.method(Queue.prototype, 'rewind', function hurry(this: Queue, to: readonly number[]) {
      return rewind.call(
        this,
        to.map((offset) => offset + 2),
      )
    })
    assert.match(await findViolation(), /is not in parcels-kept/)
  })

  it('rewinds a queue in memory alone', async (t) => {
    const { rewind } = Queue.prototype
    t.mock.method(Queue.prototype, 'rewind', function pretend(this: Queue) {
      return rewind.call(this, [Infinity])
    })
    assert.match(await findViolation(), /is not in parcels-kept/)
  })

  it('takes a record from a subscription that nobody has acked', async (t) => {
    const { ack } = LogCursor.prototype
    const isGreedy = everyNth(5)
    t.mock.method(LogCursor.prototype, 'ack', function take(this: LogCursor, offset: number) {
      ack.call(this, offset)
      if (isGreedy() && offset > 0) ack.call(this, offset - 1)
    })
    const isOfSource = ({ name, source }: ParcelQueue): boolean =>
      name === 'parcels-stream' || source !== undefined
    assert.match(await findViolation({ isWanted: isOfSource }), /is not in parcels-subscription/)
  })

  it('does not go on with a publisher that has waited for its rate', async (t) => {
    const { onPaid } = PublishMeter.prototype
    const isForgotten = everyNth(10)
    t.mock.method(PublishMeter.prototype, 'onPaid', function forget(this: PublishMeter) {
      if (!isForgotten()) onPaid.call(this)
    })
    assert.match(await findViolation(), /too long until all clients come to an end/)
  })
})

interface Search {
  readonly isWanted?: (queue: ParcelQueue) => boolean
  /** Trouble of this kind alone, and much of it. */
  readonly fault?: FaultKind
  readonly onSeed?: () => void
}

/** What the first seed that finds anything finds, among clients of parcels alone, of the queues that are wanted. */
async function findViolation({
  isWanted = () => true,
  fault,
  onSeed,
}: Search = {}): Promise<string> {
  for (let seed = 1; seed <= plantedSeedCount; seed++) {
    const drawn = drawParcels(seed)
    const queues = drawn.queues.filter(isWanted)
    if (!queues.some(({ entry }) => entry !== undefined)) continue
    onSeed?.()
    const parcels = { ...drawn, queues }
    const { violation } = await simulate({
      seed,
      adapt: (plan) => ({
        ...plan,
        clients: nobodyElse,
        rules: undefined,
        parcels,
        ledger: undefined,
        faults: fault === undefined ? plan.faults : troubles(plan, fault),
      }),
    })
    if (violation !== undefined) return `${violation.message} (seed ${seed})`
  }
  return 'nothing'
}

function troubles({ faults, machine }: Plan, fault: FaultKind): Plan['faults'] {
  if (machine.engine === 'memory') return faults
  const none = Object.keys(faults.weights).map((kind) => [kind, 0])
  const weights = { ...(Object.fromEntries(none) as Plan['faults']['weights']), [fault]: 1 }
  return { pauseMs: 300, weights }
}
