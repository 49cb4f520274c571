// What queues of other cells need of a partition and what clients handed over to transactions are told apart in the keyed
// state: whoever takes the one for the other cannot open the cell, or forgets what was confirmed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { Broker, defaultVHost } from '../broker.ts'
import { encodeHeld, heldKey, parseHeldKey } from '../transaction/held-rows.ts'
import { heldCursorIds } from './hold.ts'

class NotingStore extends MemoryLogStore {
  readonly kept = new Map<string, Buffer | undefined>()

  override putState(key: string, value: Buffer | undefined): boolean {
    this.kept.set(key, value)
    return super.putState(key, value)
  }
}

function openBroker(): { broker: Broker; store: NotingStore } {
  const turn = new Turn(systemClock)
  const store = new NotingStore({ clock: systemClock, turn })
  const shared = { clock: systemClock, random: systemRandom, turn, store }
  return { broker: new Broker({ ...shared, vhosts: [], onDamaged: () => undefined }), store }
}

const work = encodeHeld({ vhost: '/', acks: [], rejects: [], messages: [] })

test('what is needed of a partition is not taken for work of a transaction', () => {
  const { broker, store } = openBroker()
  const { topic } = broker.topicsOf(broker.getVHost(defaultVHost)).create({
    name: 'orders',
    partitionCount: 1,
    configs: {},
    isProvisional: false,
    spread: 0,
  })
  store.beginAtom()
  topic.partitions[0]!.hold.moveTo(0)
  store.endAtom()
  const rows = [...store.kept].flatMap(([key, value]) => (value ? [[key, value] as const] : []))
  const ids = heldCursorIds(new Map(rows))
  assert.equal(ids.size, 1)
  assert.deepEqual(
    rows.map(([key]) => parseHeldKey(key)).filter((parsed) => parsed !== undefined),
    [],
  )
})

test('work of a transaction is not taken for what is needed, and outlives restarts', () => {
  const { broker, store } = openBroker()
  const state = new Map([[heldKey(7, 0), work]])
  broker.restoreState(state)
  assert.deepEqual([...store.kept], [])
  assert.equal(heldCursorIds(state).size, 0)
})
