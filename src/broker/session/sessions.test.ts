import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SessionsOnDisk, type SessionsProcess } from '../../../test/support/sessions-on-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { parseTopicFilter } from './topic-filter.ts'

async function opened(): Promise<{ on: SessionsOnDisk; process: SessionsProcess }> {
  const on = new SessionsOnDisk()
  return { on, process: await on.start() }
}

describe('a message for a session', () => {
  it('comes by filters with wildcards, and with dots in its topic', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a/+/c')
    actor.subscribe('x.y/#')
    process.publish('a/b/c', '1')
    process.publish('a.b/c', 'no level of its own')
    process.publish('x.y/z', '2')
    process.publish('x/y/z', 'another topic of the same key')
    await on.settle()
    assert.deepEqual(actor.texts, ['1', '2'])
    assert.deepEqual(
      actor.received.map(({ topic }) => topic),
      ['a/b/c', 'x.y/z'],
    )
  })

  it('comes once, with the highest QoS and all numbers of subscriptions [MQTT-3.3.4-3]', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a/#', { qos: 0, id: 1 })
    actor.subscribe('a/b', { qos: 2, id: 2 })
    process.publish('a/b', 'both', { qos: 2 })
    process.publish('a/c', 'one', { qos: 2 })
    await on.settle()
    assert.deepEqual(
      actor.received.map(({ text, qos, ids }) => [text, qos, ids]),
      [
        ['one', 0, [1]],
        ['both', 2, [1, 2]],
      ],
    )
  })

  it('does not come back to who published it where that is asked for [MQTT-3.8.3-3]', async () => {
    const { on, process } = await opened()
    const [actor, other] = [process.actor('a'), process.actor('b')]
    for (const each of [actor, other]) {
      each.connect()
      each.subscribe('a', { noLocal: true })
    }
    process.publish('a', 'mine', { by: actor })
    process.publish('a', 'anybody’s')
    await on.settle()
    assert.deepEqual([actor.texts, other.texts], [['anybody’s'], ['mine', 'anybody’s']])
  })

  it('waits for who is away, and comes again with the same id to who did not answer', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a')
    process.publish('a', '1')
    await on.settle()
    actor.leave()
    process.publish('a', '2')
    process.publish('a', 'not kept', { qos: 0 })
    const again = process.actor('a')
    assert.equal(again.connect().isPresent, true)
    await on.settle()
    assert.deepEqual(
      again.received.map(({ text, packetId, isDuplicate }) => [text, packetId, isDuplicate]),
      [
        ['1', 1, true],
        ['2', 2, false],
      ],
    )
    again.answerAll()
    again.leave()
    const last = process.actor('a')
    last.connect()
    await on.settle()
    assert.deepEqual(last.texts, [])
  })

  it('keeps to the window of the client', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect({ receiveMax: 2 })
    actor.subscribe('a', { qos: 2 })
    for (const text of ['1', '2', '3']) process.publish('a', text, { qos: 2 })
    await on.settle()
    assert.deepEqual(actor.texts, ['1', '2'])
    assert.equal(actor.session?.onPubrec(1, false), 'done')
    await on.settle()
    assert.deepEqual([actor.texts, actor.released], [['1', '2'], [1]])
    assert.equal(actor.session?.onPubcomp(1), 'done')
    await on.settle()
    assert.deepEqual(actor.texts, ['1', '2', '3'])
    assert.equal(actor.session?.onPuback(2, false), 'wrong')
    assert.equal(actor.session?.onPuback(77, false), 'unknown')
  })
})

describe('a session', () => {
  it('goes on after a crash: subscriptions, messages and ids', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a', { qos: 2 })
    for (const text of ['1', '2', '3']) process.publish('a', text, { qos: 2 })
    await on.settle()
    actor.session?.onPubrec(1, false)
    process.publish('a', 'received', { qos: 2, by: actor, packetId: 7 })
    await on.settle()
    assert.deepEqual(actor.released, [1])
    on.disk.crash(seededRandom(3))
    const next = await on.start()
    const again = next.actor('a')
    assert.equal(again.connect().isPresent, true)
    assert.equal(again.session?.hasReceived(7), true)
    assert.equal(again.session?.hasReceived(8), false)
    await on.settle()
    assert.deepEqual(again.released, [1])
    assert.deepEqual(
      again.received.map(({ text, packetId }) => [text, packetId]),
      [
        ['2', 2],
        ['3', 3],
        ['received', 4],
      ],
    )
    next.publish('a', 'new')
    await on.settle()
    assert.equal(again.texts.at(-1), 'new')
  })

  it('ends with its connection, or when its time is over, also while the broker is down', async () => {
    const { on, process } = await opened()
    const [brief, hour] = [process.actor('brief'), process.actor('hour')]
    brief.connect({ expiryMs: 0 })
    hour.connect({ expiryMs: 3_600_000 })
    for (const each of [brief, hour]) each.subscribe('a')
    brief.leave()
    hour.leave()
    assert.equal(process.sessions.all.size, 1)
    await on.settle()
    await on.stop(process)
    const next = await on.start(3_000_000)
    assert.equal(next.sessions.all.size, 1)
    await on.stop(next)
    const last = await on.start(700_000)
    assert.equal(last.sessions.all.size, 0)
    assert.equal(last.it.broker.getVHost('/').queueCount, 0)
    const again = last.actor('hour')
    assert.equal(again.connect().isPresent, false)
  })

  it('is taken over, and begins anew where the client or the user says so', async () => {
    const { process } = await opened()
    const first = process.actor('a')
    first.connect()
    first.subscribe('a')
    const second = process.actor('a')
    assert.equal(second.connect().isPresent, true)
    assert.deepEqual(first.ends, ['taken-over'])
    const third = process.actor('a')
    assert.equal(third.connect({ isCleanStart: true }).isPresent, false)
    assert.equal(third.session?.subscriptions.size, 0)
    third.subscribe('secret')
    const stranger = process.actor('a')
    assert.equal(stranger.connect({ user: 'eve' }).isPresent, false)
    assert.equal(process.sessions.all.size, 1)
  })

  it('is over for its client when it is deleted, with its queue or by its virtual host', async () => {
    const { on, process } = await opened()
    const [a, b] = [process.actor('a'), process.actor('b')]
    for (const each of [a, b]) {
      each.connect()
      each.subscribe('a')
    }
    process.sessions.delete('a')
    const queue = b.session?.queue
    assert.ok(queue)
    process.it.broker.deleteQueue(queue)
    assert.deepEqual([a.ends, b.ends], [['deleted'], ['deleted']])
    assert.equal(process.sessions.all.size, 0)
    await on.settle()
    on.disk.crash(seededRandom(1))
    assert.equal((await on.start()).sessions.all.size, 0)
  })
})

describe('a subscription that is refused', () => {
  it('leaves no shared group behind that nobody is in', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    const vhost = process.it.broker.getVHost('/')
    const queueCount = [...vhost.queues()].length
    // The session's own queue and that of one group.
    vhost.metadata = { ...vhost.metadata, limits: { 'max-queues': queueCount + 2 } } as never
    const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    const asked = ['$share/g/a', '$share/g/b'].map((text) => {
      const filter = parseTopicFilter(text)
      assert.ok(filter)
      return { filter, options }
    })
    assert.throws(() => process.sessions.subscribe(actor.session!, asked), /queue limit/u)
    assert.equal(process.sessions.groups.size, 0)
    process.publish('a', 'for nobody')
    await on.settle()
    assert.equal(process.isRouted, false)
    actor.leave()
  })
})

describe('a message of QoS 2 that waits for the disk', () => {
  it('counts once in its queue, and as delivered for the first time', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('x', { qos: 2 })
    const { queue } = actor.session!
    const log = queue!.log
    for (const text of ['1', '2', '3']) process.publish('x', text, { qos: 2 })
    queue!.deliverReady()
    assert.deepEqual([actor.texts, log.durableEnd < log.endOffset], [[], true])
    await on.settle()
    assert.deepEqual(actor.texts, ['1', '2', '3'])
    assert.deepEqual(
      actor.received.map(({ isDuplicate }) => isDuplicate),
      [false, false, false],
    )
    const { delivered, redelivered, deliveredToOthers, redeliveredToOthers } = queue!.counters
    const counts = { delivered, redelivered, deliveredToOthers, redeliveredToOthers }
    assert.deepEqual(counts, {
      delivered: 3,
      redelivered: 0,
      deliveredToOthers: 3,
      redeliveredToOthers: 0,
    })
    actor.leave()
    actor.connect()
    await on.settle()
    assert.deepEqual(
      actor.received.slice(3).map(({ text, isDuplicate }) => [text, isDuplicate]),
      [
        ['1', true],
        ['2', true],
        ['3', true],
      ],
    )
    assert.deepEqual([queue!.counters.delivered, queue!.counters.redelivered], [6, 3])
  })
})

describe('a retained message', () => {
  it('is the last of its topic, for wildcards too, and is there after a crash', async () => {
    const { on, process } = await opened()
    const publish = (topic: string, text: string): void => {
      process.publish(topic, text, { isRetained: true })
    }
    publish('a/b', 'old')
    publish('a/b', 'new')
    publish('a/c', 'gone')
    publish('a/c', '')
    publish('a.b/c', 'dots')
    publish('$SYS/x', 'hidden')
    assert.equal(process.sessions.retained.count, 3)
    await on.settle()
    on.disk.crash(seededRandom(2))
    const next = await on.start()
    assert.equal(next.sessions.retained.count, 3)
    const actor = next.actor('a')
    actor.connect()
    actor.subscribe('#')
    await on.settle()
    assert.deepEqual(
      actor.received
        .map(({ topic, text, isRetained, qos }) => `${topic} ${text} ${isRetained} ${qos}`)
        .toSorted(),
      ['a.b/c dots true 1', 'a/b new true 1'],
    )
    actor.subscribe('a/b', { retainHandling: 2 })
    actor.subscribe('#', { retainHandling: 1 })
    actor.answerAll()
    await on.settle()
    assert.equal(actor.received.length, 2)
    actor.subscribe('#', { qos: 0 })
    await on.settle()
    assert.equal(actor.received.length, 4)
    assert.equal(actor.received.at(-1)?.packetId, 0)
  })

  it('expires', async () => {
    const { on, process } = await opened()
    process.publish('a', 'short', { isRetained: true, expiration: 5000 })
    process.publish('b', 'long', { isRetained: true, expiration: 50_000 })
    await on.disk.advance(20_000)
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('#')
    await on.settle()
    assert.deepEqual(actor.texts, ['long'])
    assert.equal(process.sessions.retained.count, 1)
  })

  it('comes in parts where there are more than the window holds', async () => {
    const { on, process } = await opened()
    for (let at = 0; at < 50; at++) process.publish(`t/${at}`, `${at}`, { isRetained: true })
    const actor = process.actor('a')
    actor.connect({ receiveMax: 3 })
    actor.subscribe('t/+')
    for (let round = 0; round < 20; round++) {
      await on.settle()
      actor.answerAll()
    }
    assert.equal(new Set(actor.texts).size, 50)
  })
})

describe('a shared subscription', () => {
  it('gives each message to one member, and those of who leaves to others', async () => {
    const { on, process } = await opened()
    const members = ['a', 'b'].map((id) => process.actor(id))
    for (const member of members) {
      member.connect({ expiryMs: member === members[0] ? Infinity : 0 })
      member.subscribe('$share/g/jobs/#')
    }
    for (let at = 0; at < 10; at++) process.publish('jobs/x', `${at}`)
    await on.settle()
    const [lasting, brief] = members
    assert.ok(lasting && brief)
    assert.deepEqual([...lasting.texts, ...brief.texts].length, 10)
    assert.ok(lasting.texts.length > 0 && brief.texts.length > 0)
    const before = brief.texts
    brief.leave()
    await on.settle()
    assert.deepEqual(new Set(lasting.texts), new Set([...lasting.texts, ...before]))
  })

  it('keeps what it gave to a lasting session for it, and gives that on when the session ends', async () => {
    const { on, process } = await opened()
    const [a, b] = [process.actor('a'), process.actor('b')]
    a.connect({ receiveMax: 1 })
    a.subscribe('$share/g/jobs', { qos: 2 })
    process.publish('jobs', '1', { qos: 2 })
    await on.settle()
    assert.deepEqual(a.texts, ['1'])
    on.disk.crash(seededRandom(4))
    const next = await on.start()
    const again = next.actor('a')
    again.connect()
    await on.settle()
    assert.deepEqual(
      again.received.map(({ text, packetId }) => [text, packetId]),
      [['1', 1]],
    )
    const other = next.actor('b')
    other.connect()
    other.subscribe('$share/g/jobs', { qos: 2 })
    next.publish('jobs', '2', { qos: 2 })
    next.sessions.delete('a')
    await on.settle()
    assert.deepEqual(other.texts, ['2'])
    assert.deepEqual(b.texts, [])
  })

  for (const expiryMs of [0, Infinity]) {
    for (const qos of [1, 2] as const) {
      const others = qos === 2 ? 'nobody else' : 'somebody else'
      it(`sends ${others} what a session was sent with QoS ${qos} that ends (expiry ${expiryMs}) [MQTT-4.8.2-5]`, async () => {
        const { on, process } = await opened()
        const [a, b] = [process.actor('a'), process.actor('b')]
        a.connect({ receiveMax: 2, expiryMs })
        a.subscribe('$share/g/jobs', { qos })
        for (const text of ['1', '2', '3']) process.publish('jobs', text, { qos: 2 })
        await on.settle()
        assert.deepEqual(a.texts, ['1', '2'])
        b.connect()
        b.subscribe('$share/g/jobs', { qos: 2 })
        await on.settle()
        assert.deepEqual(b.texts, ['3'])
        if (expiryMs === 0) a.leave()
        else process.sessions.delete('a')
        await on.settle()
        assert.deepEqual(b.texts, qos === 2 ? ['3'] : ['3', '1', '2'])
      })
    }
  }

  it('of somebody else does not keep a client from beginning anew', async () => {
    const { on, process } = await opened()
    const [a, other] = [process.actor('a'), process.actor('b')]
    other.connect()
    other.subscribe('$share/g/jobs')
    a.connect()
    a.subscribe('a')
    a.leave()
    process.publish('a', 'old')
    await on.settle()
    a.connect({ isCleanStart: true, expiryMs: 0 })
    a.subscribe('a')
    process.publish('a', 'new')
    await on.settle()
    assert.deepEqual(a.texts, ['new'])
  })

  it('gives on what a client does not come back for, while that begins anew', async () => {
    const { on, process } = await opened()
    const [a, other] = [process.actor('a'), process.actor('b')]
    a.connect()
    a.subscribe('$share/g/jobs')
    for (let at = 0; at < 3; at++) process.publish('jobs', `${at}`)
    await on.settle()
    a.leave()
    other.connect()
    other.subscribe('$share/g/jobs')
    a.connect({ isCleanStart: true })
    a.subscribe('a')
    process.publish('a', 'new')
    await on.settle()
    assert.deepEqual(other.texts, ['0', '1', '2'])
    assert.deepEqual(a.texts.slice(3), ['new'])
  })
})
