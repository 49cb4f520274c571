// What sessions keep is among what Kafka's groups, producers and jobs keep: they leave room for these.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  SessionsOnDisk,
  type SessionsProcess,
  willOf,
} from '../../../test/support/sessions-on-disk.ts'
import { BrokerError } from '../broker-error.ts'
import type { Will } from './will.ts'

const stateSizeMax = 400_000

async function opened(): Promise<{ on: SessionsOnDisk; process: SessionsProcess }> {
  const on = new SessionsOnDisk()
  on.disk.limits = { stateSizeMax }
  return { on, process: await on.start() }
}

const willOfSize = (size: number): Will => willOf('will', 'x'.repeat(size))

/** Acts until the broker refuses it. */
function fill(act: (number: number) => void): void {
  let refused: unknown
  for (let number = 0; number < 10_000 && refused === undefined; number++) {
    try {
      act(number)
    } catch (error) {
      refused = error
    }
  }
  assert.ok(refused instanceof BrokerError && refused.code === 'resource_exhausted')
}

function expectRoom({ it }: SessionsProcess): void {
  const { store } = it.broker
  store.beginAtom()
  const isKept = store.putState('others', Buffer.alloc(stateSizeMax / 8))
  store.putState('others', undefined)
  store.endAtom()
  assert.ok(isKept)
}

describe('sessions', () => {
  it('leave room for others, however many wills there are', async () => {
    const { process } = await opened()
    for (const size of [10_000, 1000, 0]) {
      fill((number) => process.actor(`${size} ${number}`).connect({ will: willOfSize(size) }))
    }
    expectRoom(process)
  })

  it('leave room for others, however many sessions and subscriptions last', async () => {
    const { process } = await opened()
    const subscriber = process.actor('subscriber')
    subscriber.connect()
    fill((number) => subscriber.subscribe(`a/${number}`, { qos: 0 }))
    fill((number) => process.actor(`session ${number}`).connect())
    expectRoom(process)
  })

  it('leave room for others, however many messages of QoS 2 are not released', async () => {
    const { process } = await opened()
    const publishers = ['a', 'b', 'c'].map((name) => process.actor(name))
    for (const by of publishers) by.connect()
    for (const by of publishers) {
      fill((packetId) => {
        process.publish('a', 'text', { qos: 2, by, packetId })
        assert.ok(by.session!.hasReceived(packetId))
      })
      assert.ok(by.session!.receivedIds.size >= 100)
    }
    expectRoom(process)
  })

  it('stay, and let their clients come back, when there is no room for more', async () => {
    const { process } = await opened()
    const client = process.actor('a')
    client.connect()
    client.subscribe('a')
    client.leave()
    fill((number) => process.actor(`${number}`).connect({ will: willOfSize(10_000) }))
    assert.throws(() => client.connect({ will: willOfSize(0) }), BrokerError)
    assert.ok(client.connect().isPresent)
    process.publish('a', 'hello')
    assert.equal(client.session!.subscriptions.size, 1)
    assert.ok(process.actor('clean').connect({ expiryMs: 0 }))
  })
})
