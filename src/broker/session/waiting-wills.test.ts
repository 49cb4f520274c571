// Wills of clients that are gone while publishers have to wait: they are kept until they are published, whatever crashes
// and whoever comes back meanwhile.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SessionActor } from '../../../test/support/session-actor.ts'
import {
  SessionsOnDisk,
  type SessionsProcess,
  willOf,
} from '../../../test/support/sessions-on-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { deleteVHost } from '../delete-vhost.ts'
import { keptSessionsOf } from './session-rows.ts'

async function openBlocked(): Promise<{ on: SessionsOnDisk; process: SessionsProcess }> {
  const on = new SessionsOnDisk()
  const process = await on.start()
  const watcher = process.actor('watcher')
  watcher.connect()
  watcher.subscribe('will')
  await on.settle()
  process.it.broker.shortage.set('memory', true)
  return { on, process }
}

const allFour = ['first for 0', 'first for Infinity', 'second for 0', 'second for Infinity']

/** Two clients go without a goodbye, and come back with other wills. */
async function bringSecondWills(on: SessionsOnDisk, process: SessionsProcess): Promise<void> {
  for (const expiryMs of [0, Infinity]) {
    const client = process.actor(`for ${expiryMs}`)
    client.connect({ expiryMs, will: willOf('will', `first for ${expiryMs}`) })
    client.leave({ sendsWill: true })
    client.connect({ expiryMs, will: willOf('will', `second for ${expiryMs}`) })
  }
  await on.settle()
}

/** What the watcher gets of the next process. */
async function textsAfter(on: SessionsOnDisk): Promise<string[]> {
  const next = await on.start()
  await on.settle()
  const watcher = next.actor('watcher')
  watcher.connect()
  await on.disk.advance(1000)
  await on.settle()
  watcher.answerAll()
  await on.settle()
  await on.stop(next)
  return watcher.texts.toSorted()
}

describe('a will whose client goes while publishers wait', () => {
  it('is published after a crash, whether its session has ended or not', async () => {
    const { on, process } = await openBlocked()
    const [short, lasting] = [process.actor('short'), process.actor('lasting')]
    short.connect({ expiryMs: 0, will: willOf('will', 'of short') })
    lasting.connect({ will: willOf('will', 'of lasting') })
    for (const client of [short, lasting]) client.leave({ sendsWill: true })
    await on.settle()
    on.disk.crash(seededRandom(3))
    assert.deepEqual(await textsAfter(on), ['of lasting', 'of short'])
    assert.deepEqual(await textsAfter(on), [])
  })

  it('is published after a stop', async () => {
    const { on, process } = await openBlocked()
    const client = process.actor('a')
    client.connect({ expiryMs: 0, will: willOf('will', 'of a') })
    client.leave({ sendsWill: true })
    await on.settle()
    await on.stop(process)
    assert.deepEqual(await textsAfter(on), ['of a'])
  })

  it('does not take the will away that its client brings when it comes back', async () => {
    const { on, process } = await openBlocked()
    await bringSecondWills(on, process)
    process.it.broker.shortage.set('memory', false)
    await on.settle()
    on.disk.crash(seededRandom(4))
    assert.deepEqual(await textsAfter(on), allFour)
  })

  it('is published with the one that its client has brought since, when the broker crashes', async () => {
    const { on, process } = await openBlocked()
    await bringSecondWills(on, process)
    on.disk.crash(seededRandom(5))
    assert.deepEqual(await textsAfter(on), allFour)
  })

  it('is published though its client has come back and said goodbye', async () => {
    const { on, process } = await openBlocked()
    const client = process.actor('a')
    client.connect({ will: willOf('will', 'of a') })
    client.leave({ sendsWill: true })
    client.connect({ will: willOf('will', 'of nobody') })
    client.session!.dropWill()
    client.leave()
    await on.settle()
    on.disk.crash(seededRandom(6))
    assert.deepEqual(await textsAfter(on), ['of a'])
  })

  it('goes with its virtual host, and does not come to one that has the name later', async () => {
    const { on, process } = await openBlocked()
    const { broker } = process.it
    const metadata = { description: '', tags: [], defaultQueueType: undefined }
    broker.putVHost('shop', metadata)
    const client = new SessionActor(process.all.of(broker.getVHost('shop')), 'a')
    client.connect({ expiryMs: 0, will: willOf('will', 'too late') })
    client.leave({ sendsWill: true })
    await on.settle()
    deleteVHost(broker, broker.getVHost('shop'))
    broker.putVHost('shop', metadata)
    await on.settle()
    on.disk.crash(seededRandom(7))
    await on.start()
    assert.deepEqual(
      keptSessionsOf(on.disk.state).filter(({ vhost }) => vhost === 'shop'),
      [],
    )
  })
})
