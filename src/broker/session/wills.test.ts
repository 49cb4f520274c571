// Wills: when they are sent, and when not.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SessionActor } from '../../../test/support/session-actor.ts'
import {
  guest,
  SessionsOnDisk,
  type SessionsProcess,
  willOf,
} from '../../../test/support/sessions-on-disk.ts'
import { TokenGrant } from '../../auth/oauth/token-grant.ts'
import type { Principal } from '../../auth/principal.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { deleteVHost } from '../delete-vhost.ts'
import { keptSessionsOf } from './session-rows.ts'

async function opened(): Promise<{ on: SessionsOnDisk; process: SessionsProcess }> {
  const on = new SessionsOnDisk()
  return { on, process: await on.start() }
}

/** The broker crashes and is there again; the watcher has what it gets by then. */
async function crash(
  on: SessionsOnDisk,
  seed: number,
): Promise<{ next: SessionsProcess; again: SessionActor }> {
  on.disk.crash(seededRandom(seed))
  const next = await on.start()
  await on.settle()
  const again = next.actor('watcher')
  again.connect()
  await on.disk.advance(1000)
  await on.settle()
  return { next, again }
}

describe('a will', () => {
  it('is gone with the goodbye, also when the broker crashes before the client has left [MQTT-3.14.4-3]', async () => {
    const { on, process } = await opened()
    const watcher = process.actor('watcher')
    watcher.connect()
    watcher.subscribe('will')
    const [short, lasting] = [process.actor('short'), process.actor('lasting')]
    short.connect({ expiryMs: 0, will: willOf('will', 'of one that ends') })
    lasting.connect({ will: willOf('will', 'of one that lasts') })
    await on.settle()
    for (const { session } of [short, lasting]) session!.dropWill()
    await on.settle()
    const { again } = await crash(on, 7)
    assert.deepEqual(again.texts, [])
  })

  it('is sent unless the client says goodbye, and after its delay unless it comes back', async () => {
    const { on, process } = await opened()
    const watcher = process.actor('watcher')
    watcher.connect()
    watcher.subscribe('will/#')
    const client = process.actor('a')
    client.connect({ will: willOf('will/1', 'not sent') })
    client.leave()
    client.connect({ will: willOf('will/1', 'at once') })
    client.leave({ sendsWill: true })
    client.connect({ will: willOf('will/1', 'never', { delayMs: 10_000 }) })
    client.leave({ sendsWill: true })
    await on.disk.advance(5000)
    client.connect({ will: willOf('will/1', 'later', { delayMs: 10_000 }) })
    client.leave({ sendsWill: true })
    await on.disk.advance(9000)
    assert.deepEqual(watcher.texts, ['at once'])
    await on.disk.advance(2000)
    assert.deepEqual(watcher.texts, ['at once', 'later'])
  })

  it('waits longer than a timer can', async () => {
    const { on, process } = await opened()
    const { clock } = on.disk
    const after = clock.after.bind(clock)
    clock.after = (ms, callback) => after(Math.min(ms, 10_000), callback)
    const watcher = process.actor('watcher')
    watcher.connect()
    watcher.subscribe('will/#')
    const client = process.actor('a')
    client.connect({ will: willOf('will/1', 'late', { delayMs: 25_000 }) })
    client.leave({ sendsWill: true })
    await on.disk.advance(24_000)
    assert.deepEqual(watcher.texts, [])
    await on.disk.advance(2000)
    assert.deepEqual(watcher.texts, ['late'])
  })

  it('is sent after a crash, once', async () => {
    const { on, process } = await opened()
    const watcher = process.actor('watcher')
    watcher.connect()
    watcher.subscribe('will')
    process.actor('a').connect({ expiryMs: 0, will: willOf('will', 'of a') })
    process.actor('b').connect({ will: willOf('will', 'of b', { retainedAs: 'will' }) })
    await on.settle()
    const { again } = await crash(on, 5)
    assert.deepEqual(again.texts.toSorted(), ['of a', 'of b'])
    again.answerAll()
    await on.settle()
    const { next: last, again: third } = await crash(on, 6)
    assert.deepEqual(third.texts, [])
    const late = last.actor('late')
    late.connect()
    late.subscribe('#')
    await on.settle()
    assert.deepEqual(late.texts, ['of b'])
  })

  it('is sent after a crash only while its user may, by the rights of that moment', async () => {
    const { on, process } = await opened()
    const watcher = process.actor('watcher')
    watcher.connect()
    watcher.subscribe('will/#')
    const token = (scope: string): TokenGrant => new TokenGrant([scope], 1_800_000_000_000)
    const publishers: readonly Partial<Principal>[] = [
      { user: 'keeps' },
      { user: 'has-lost' },
      { user: 'may-not-this-topic' },
      { user: 'deleted' },
      { user: 'has-a-token', token: token('write:*/amq.topic/will.*') },
      { user: 'has-a-small-token', token: token('write:*/amq.topic/other.*') },
    ]
    for (const each of publishers) {
      const publisher = { ...guest, ...each }
      const will = willOf(`will/${each.user}`, publisher.user, { publisher, delayMs: 60_000 })
      process.actor(`of ${each.user}`).connect({ user: publisher.user, will })
    }
    await on.settle()
    on.disk.crash(seededRandom(5))
    const next = await on.start()
    const { access } = next.it.broker
    const permission = { vhost: '/', configure: '.*', write: '.*', read: '.*' }
    for (const user of ['keeps', 'has-lost', 'may-not-this-topic']) {
      const write = user === 'has-lost' ? '^$' : '.*'
      access.apply({ kind: 'permission', op: 'put', row: { user, ...permission, write } })
    }
    for (const client of ['keeps', 'may-not-this-topic']) {
      const row = { user: client, vhost: '/', exchange: 'amq.topic', read: '.*' }
      const write = client === 'keeps' ? String.raw`^will\.keeps$|{client_id}` : String.raw`^x\.`
      access.apply({ kind: 'topic-permission', op: 'put', row: { ...row, write } })
    }
    const again = next.actor('watcher')
    again.connect()
    await on.disk.advance(120_000)
    await on.settle()
    assert.deepEqual(again.texts.toSorted(), ['has-a-token', 'keeps'])
    again.answerAll()
    await on.settle()
    on.disk.crash(seededRandom(6))
    await on.start()
    assert.ok(keptSessionsOf(on.disk.state).every(({ will }) => will === undefined))
  })

  it('is sent when somebody deletes the queue of its session, and not again after a start', async () => {
    const { on, process } = await opened()
    const [watcher, client] = [process.actor('watcher'), process.actor('a')]
    watcher.connect()
    watcher.subscribe('will')
    client.connect({ will: willOf('will', 'of a', { delayMs: 10_000 }) })
    client.subscribe('a')
    await on.settle()
    process.it.broker.deleteQueue(client.session!.queue!)
    await on.settle()
    assert.deepEqual(watcher.texts, ['of a'])
    watcher.answerAll()
    await on.settle()
    const { again } = await crash(on, 5)
    assert.deepEqual(again.texts, [])
  })

  it('goes with its virtual host, and does not come to one that has the name later', async () => {
    const { on, process } = await opened()
    const { broker } = process.it
    const metadata = { description: '', tags: [], defaultQueueType: undefined }
    broker.putVHost('shop', metadata)
    for (const expiryMs of [0, Infinity]) {
      const client = new SessionActor(process.all.of(broker.getVHost('shop')), `a${expiryMs}`)
      client.connect({ expiryMs, will: willOf('will', 'too late') })
    }
    await on.settle()
    deleteVHost(broker, broker.getVHost('shop'))
    broker.putVHost('shop', metadata)
    await on.settle()
    on.disk.crash(seededRandom(5))
    await on.start()
    assert.deepEqual(keptSessionsOf(on.disk.state), [])
  })
})
