// Queues of sessions and of shared subscriptions, of which clients of other protocols see the names: they may delete
// them, and consume from them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SessionsOnDisk, type SessionsProcess } from '../../../test/support/sessions-on-disk.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Consumer } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import { sessionQueueName } from './session-queue-names.ts'

async function opened(): Promise<{ on: SessionsOnDisk; process: SessionsProcess }> {
  const on = new SessionsOnDisk()
  return { on, process: await on.start() }
}

function queueOf({ it: { broker } }: SessionsProcess, name: string): Queue {
  const queue = broker.getVHost('/').findQueue(name)
  assert.equal(queue?.kind, 'queue')
  return queue
}

const exclusive = {
  tag: 'alone',
  isNoAck: false,
  isExclusive: true,
  prefetch: 1,
  arguments: emptyTable,
}
const idle = {
  canTake: () => false,
  deliver: () => undefined,
  onSettled: () => undefined,
  onCancelled: () => undefined,
}

describe('the queue of a session', () => {
  for (const isAway of [true, false]) {
    const state = isAway ? 'away' : 'there'
    it(`takes the session with it when somebody deletes it while the client is ${state}`, async () => {
      const { on, process } = await opened()
      const actor = process.actor('a')
      actor.connect()
      actor.subscribe('a')
      await on.settle()
      if (isAway) actor.leave()
      process.it.broker.deleteQueue(queueOf(process, sessionQueueName('a')))
      assert.deepEqual(actor.ends, isAway ? [] : ['deleted'])
      process.publish('a', 'for nobody')
      assert.equal(process.isRouted, false)
      assert.equal(process.sessions.all.size, 0)
      await on.settle()
      on.disk.crash(seededRandom(6))
      const next = await on.start()
      const again = next.actor('a')
      assert.equal(again.connect().isPresent, false)
      again.subscribe('a')
      next.publish('a', 'new')
      await on.settle()
      assert.deepEqual(again.texts, ['new'])
    })
  }

  it('is nobody else’s alone, and its client comes to it whoever else has', async () => {
    const { on, process } = await opened()
    const { broker } = process.it
    const vhost = broker.getVHost('/')
    const name = sessionQueueName('a')
    const asked = { exclusive: false, durable: true, autoDelete: false, arguments: emptyTable }
    broker.declareQueue(vhost, { ...asked, name, connection: on })
    const queue = queueOf(process, name)
    queue.addConsumer(idle, exclusive)
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a')
    actor.leave()
    actor.connect()
    process.publish('a', '1')
    await on.settle()
    assert.deepEqual(actor.texts, ['1'])
    actor.leave()
    process.publish('a', '2')
    const other = process.actor('b')
    other.connect()
    other.subscribe('b')
    other.leave()
    assert.throws(() => queueOf(process, sessionQueueName('b')).addConsumer(idle, exclusive), {
      code: 'access_refused',
    })
  })

  it('is not the one that its earlier session is leaving, after a crash as well', async () => {
    const { on, process } = await opened()
    const [actor, other] = [process.actor('a'), process.actor('b')]
    actor.connect({ receiveMax: 1000 })
    actor.subscribe('$share/g/jobs')
    for (let at = 0; at < 900; at++) process.publish('jobs', `${at}`)
    await on.settle()
    actor.leave()
    other.connect({ receiveMax: 2 })
    other.subscribe('$share/g/jobs')
    actor.connect({ isCleanStart: true })
    actor.subscribe('a')
    const last = process.sessions.connect({
      clientId: 'c',
      user: 'guest',
      isCleanStart: false,
      expiryMs: Infinity,
      will: undefined,
      receiveMax: 1,
      client: process.actor('c'),
    })
    const vhost = process.it.broker.getVHost('/')
    while (last.ticket?.isDurable !== true) await on.disk.turn()
    assert.ok(vhost.findQueue(sessionQueueName('a')), 'it is leaving still')
    on.disk.crash(seededRandom(3))
    const next = await on.start()
    const [again, others] = [next.actor('a'), next.actor('b')]
    assert.equal(again.connect().isPresent, true)
    others.connect({ receiveMax: 1000 })
    await on.settle()
    next.publish('a', 'new')
    await on.settle()
    assert.deepEqual(again.texts, ['new'])
    assert.equal(new Set(others.texts).size, 900)
  })
})

describe('queues of sessions', () => {
  it('are classic ones, also where others are not', async () => {
    const { on, process } = await opened()
    const use = (run: SessionsProcess, id: string): void => {
      const actor = run.actor(id)
      actor.connect()
      actor.subscribe(id)
      actor.subscribe(`$share/g/${id}`)
      run.publish(id, 'kept', { isRetained: true })
    }
    use(process, 'a')
    const metadata = { description: '', tags: [], defaultQueueType: 'quorum' as const }
    process.it.broker.putVHost('/', metadata)
    await on.settle()
    on.disk.crash(seededRandom(11))
    const next = await on.start()
    use(next, 'b')
    assert.equal(next.actor('a').connect().isPresent, true)
    const queues = [...next.it.broker.getVHost('/').queues()]
    assert.deepEqual(queues.map(({ name, type }) => `${name} ${type}`).toSorted(), [
      '$share/g/a classic',
      '$share/g/b classic',
      'mqtt-retained classic',
      'mqtt-subscription-aqos1 classic',
      'mqtt-subscription-bqos1 classic',
    ])
    await on.settle()
    on.disk.crash(seededRandom(12))
    assert.equal((await on.start()).sessions.all.size, 2)
  })

  it('that were paused give back what is for others when their sessions end', async () => {
    const { on, process } = await opened()
    const [actor, other] = [process.actor('a'), process.actor('b')]
    actor.connect()
    actor.subscribe('$share/g/jobs')
    process.publish('jobs', '1')
    await on.settle()
    actor.leave()
    other.connect()
    other.subscribe('$share/g/jobs')
    queueOf(process, sessionQueueName('a')).pausedAt = 1
    process.sessions.delete('a')
    await on.settle()
    assert.deepEqual(other.texts, ['1'])
  })
})

describe('the queue of a shared subscription', () => {
  const name = '$share/g/jobs'

  it('goes at a start that finds nobody who shares, and one that others have declared stays', async () => {
    const { on, process } = await opened()
    const { broker } = process.it
    const asked = { durable: true, exclusive: false, autoDelete: false, connection: {} }
    const declared = ['$share/g/a', '$share/no-filter', '$share/g/b']
    for (const each of declared) {
      broker.declareQueue(broker.getVHost('/'), { ...asked, name: each, arguments: emptyTable })
    }
    const actor = process.actor('a')
    actor.connect({ expiryMs: 0 })
    for (const each of [name, '$share/g/b']) actor.subscribe(each)
    process.publish('b', 'kept')
    await on.settle()
    assert.deepEqual(actor.texts, ['kept'])
    on.disk.crash(seededRandom(1))
    const next = await on.start()
    const names = (): string[] =>
      [...next.it.broker.getVHost('/').queues()].map((each) => each.name).toSorted()
    assert.deepEqual(names(), declared.toSorted())
    assert.equal(queueOf(next, '$share/g/b').readyCount, 1)
    await on.settle()
    on.disk.crash(seededRandom(2))
    await on.start()
    const rows = [...on.disk.state.keys()].filter((key) => key.startsWith('session'))
    assert.deepEqual(rows, [])
  })

  it('stays when its last member leaves, if others have declared it', async () => {
    const { process } = await opened()
    const { broker } = process.it
    const asked = { name, durable: true, exclusive: false, autoDelete: false, connection: {} }
    broker.declareQueue(broker.getVHost('/'), { ...asked, arguments: emptyTable })
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe(name)
    assert.throws(() => queueOf(process, name).addConsumer(idle, exclusive), {
      code: 'access_refused',
    })
    process.sessions.unsubscribe(actor.session!, [name])
    queueOf(process, name).addConsumer(idle, exclusive)
    process.publish('jobs', 'for nobody')
    assert.equal(process.isRouted, false)
  })

  it('is made again when somebody deletes it: its members go on', async () => {
    const { on, process } = await opened()
    const [lasting, brief] = [process.actor('a'), process.actor('b')]
    lasting.connect({ expiryMs: Infinity })
    lasting.subscribe(name)
    lasting.leave()
    process.publish('jobs', 'deleted')
    const first = queueOf(process, name)
    process.it.broker.deleteQueue(first)
    assert.notEqual(queueOf(process, name), first)
    brief.connect({ expiryMs: 0 })
    brief.subscribe(name)
    process.it.broker.deleteQueue(queueOf(process, name))
    process.publish('jobs', '1')
    await on.settle()
    assert.deepEqual(brief.texts, ['1'])
    brief.answerAll()
    brief.leave()
    process.publish('jobs', '2')
    await on.settle()
    on.disk.crash(seededRandom(7))
    const next = await on.start()
    const again = next.actor('a')
    assert.equal(again.connect().isPresent, true)
    await on.settle()
    assert.deepEqual(again.texts, ['2'])
  })

  it('is deleted for good with its last member', async () => {
    const { process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe(name)
    process.sessions.unsubscribe(actor.session!, [name])
    assert.equal(process.it.broker.getVHost('/').findQueue(name), undefined)
  })

  it('ends the subscription where there is no room for another one, and its client hears of it', async () => {
    const { process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe(name)
    actor.subscribe('other')
    const { broker } = process.it
    broker.admission.isOpenToDeclarations = false
    broker.deleteQueue(queueOf(process, name))
    assert.deepEqual(actor.ends, ['deleted'])
    assert.deepEqual(
      [...actor.session!.subscriptions].map(({ text }) => text),
      ['other'],
    )
  })

  it('is nobody’s alone, and members come to it whoever was there before', async () => {
    const { on, process } = await opened()
    const { broker } = process.it
    const asked = { exclusive: false, durable: true, autoDelete: false, arguments: emptyTable }
    broker.declareQueue(broker.getVHost('/'), { ...asked, name, connection: on })
    queueOf(process, name).addConsumer(idle, exclusive)
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe(name)
    process.publish('jobs', '1')
    await on.settle()
    assert.deepEqual(actor.texts, ['1'])
  })
})

describe('a message that waits for a session in a second queue', () => {
  it('lives on for what is left of its time when it comes from the retained ones', async () => {
    const { on, process } = await opened()
    process.publish('a', 'kept', { isRetained: true, expiration: 30_000 })
    await on.disk.advance(20_000)
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a')
    await on.settle()
    assert.deepEqual(actor.texts, ['kept'])
    actor.leave()
    await on.disk.advance(15_000)
    actor.connect()
    await on.settle()
    assert.deepEqual(actor.texts, ['kept'])
  })

  it('does so when it comes from a shared subscription', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('$share/g/a')
    actor.leave()
    process.publish('a', 'shared', { expiration: 30_000 })
    await on.disk.advance(20_000)
    actor.connect()
    await on.settle()
    assert.deepEqual(actor.texts, ['shared'])
    actor.leave()
    await on.disk.advance(15_000)
    actor.connect()
    await on.settle()
    assert.deepEqual(actor.texts, ['shared'])
  })
})

describe('what a session may not have any more', () => {
  it('dies, and goes to the others who share it, but for what was sent with QoS 2', async () => {
    const { on, process } = await opened()
    const [actor, other] = [process.actor('a'), process.actor('b')]
    const share = '$share/g/jobs'
    actor.connect()
    actor.subscribe('own', { qos: 2 })
    actor.subscribe(share, { qos: 2 })
    process.publish('jobs', 'sent', { qos: 2 })
    process.publish('jobs', 'moved', { qos: 1 })
    process.publish('own', 'own', { qos: 1 })
    await on.settle()
    assert.deepEqual(actor.texts.toSorted(), ['moved', 'own', 'sent'])
    other.connect()
    other.subscribe(share, { qos: 2 })
    actor.leave()
    const { session } = actor
    process.sessions.forbid(session!, ['own', share])
    actor.connect()
    await on.settle()
    assert.deepEqual([actor.texts.length, other.texts], [3, ['moved']])
    assert.equal(session!.queue!.messageCount, 0)
  })
})

describe('a client that has just come back', () => {
  it('is asked to release what it has once it is let in, and only once [MQTT-3.2.0-1]', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a', { qos: 2 })
    process.publish('a', '1', { qos: 2 })
    await on.settle()
    actor.session!.onPubrec(actor.received[0]!.packetId, false)
    actor.leave()
    const { session } = process.sessions.connect({
      clientId: 'a',
      user: 'guest',
      isCleanStart: false,
      expiryMs: Infinity,
      will: undefined,
      receiveMax: 20,
      client: actor,
    })
    await on.settle()
    assert.deepEqual(actor.released, [])
    session.start()
    await on.settle()
    assert.deepEqual(actor.released, [actor.received[0]!.packetId])
  })
})

describe('the queue of retained messages', () => {
  it('counts right, and gets rid of what clients of AMQP had while others took its place', async () => {
    const { on, process } = await opened()
    const retain = (topic: string, text: string): void =>
      void process.publish(topic, text, { isRetained: true })
    for (const topic of ['a', 'b', 'c']) retain(topic, 'old')
    const queue = queueOf(process, 'mqtt-retained')
    const taken: number[] = []
    const deliver = (_: Consumer, { offset }: RecordView): void => void taken.push(offset)
    const consumer = queue.addConsumer(
      { ...idle, canTake: () => taken.length < 3, deliver },
      { ...exclusive, prefetch: 0 },
    )
    await on.settle()
    assert.deepEqual([taken.length, queue.readyCount], [3, 0])
    retain('a', 'new')
    retain('b', '')
    const counts = (): object => {
      const { messageCount, readyCount, unackedCount } = queue
      return { messageCount, readyCount, unackedCount }
    }
    assert.deepEqual(counts(), { messageCount: 4, readyCount: 1, unackedCount: 3 })
    for (const [index, offset] of taken.entries()) {
      consumer.settle(offset, index === 1 ? 'ack' : 'requeue')
    }
    queue.removeConsumer(consumer)
    await on.disk.advance(20_000)
    assert.deepEqual(counts(), { messageCount: 2, readyCount: 2, unackedCount: 0 })
    const actor = process.actor('m')
    actor.connect()
    actor.subscribe('#')
    await on.settle()
    assert.deepEqual(actor.texts.toSorted(), ['new', 'old'])
  })

  it('has one message of a topic after a start as well', async () => {
    const { on, process } = await opened()
    process.publish('a', 'old', { isRetained: true })
    const queue = queueOf(process, 'mqtt-retained')
    queue.addConsumer({ ...idle, canTake: () => true }, exclusive)
    await on.settle()
    process.publish('a', 'new', { isRetained: true })
    await on.settle()
    on.disk.crash(seededRandom(8))
    const next = await on.start()
    await on.settle()
    assert.equal(queueOf(next, 'mqtt-retained').messageCount, 1)
    next.publish('a', '', { isRetained: true })
    await on.settle()
    on.disk.crash(seededRandom(9))
    const last = await on.start()
    assert.deepEqual([last.sessions.retained.count, last.sessions.retained.size], [0, 0])
  })
})

describe('a message that comes again', () => {
  it('has the QoS that it was sent with, whatever is subscribed to meanwhile [MQTT-4.4.0-1]', async () => {
    const { on, process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    actor.subscribe('a', { qos: 2 })
    actor.subscribe('b', { qos: 1 })
    process.publish('a', '1', { qos: 2 })
    process.publish('b', '2', { qos: 2 })
    await on.settle()
    actor.subscribe('a', { qos: 0 })
    process.sessions.unsubscribe(actor.session!, ['b'])
    for (let count = 0; count < 2; count++) {
      actor.leave()
      actor.connect()
      await on.settle()
    }
    assert.deepEqual(
      actor.received.map(({ text, qos, packetId }) => [text, qos, packetId]),
      [0, 1, 2].flatMap(() => [
        ['1', 2, 1],
        ['2', 1, 2],
      ]),
    )
    actor.answerAll()
    process.publish('a', '3', { qos: 2 })
    await on.settle()
    assert.equal(actor.received.at(-1)?.qos, 0)
  })
})

describe('the filters of a session', () => {
  it('have so many levels in sum', async () => {
    const { process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    const levels = (at: number): string => `${at}${'/+'.repeat(249)}`
    for (let at = 0; at < 400; at++) actor.subscribe(levels(at))
    assert.throws(() => actor.subscribe('one more'), { code: 'resource_exhausted' })
    process.sessions.unsubscribe(actor.session!, [levels(0)])
    actor.subscribe('one more')
    assert.equal(actor.session!.subscriptions.levelCount, 399 * 250 + 1)
  })

  it('ask for the same as long as they all do', async () => {
    const { process } = await opened()
    const actor = process.actor('a')
    actor.connect()
    const uniform = (): number | undefined => actor.session!.subscriptions.uniform?.qos
    const seen = [uniform()]
    for (const ask of [
      () => actor.subscribe('a', { qos: 1 }),
      () => actor.subscribe('b', { qos: 2 }),
      () => actor.subscribe('a', { qos: 2 }),
      () => actor.subscribe('$share/g/c', { qos: 0 }),
      () => actor.subscribe('d', { qos: 2, id: 4 }),
      () => actor.subscribe('d', { qos: 2 }),
      () => void process.sessions.unsubscribe(actor.session!, ['a', 'b', 'd']),
    ]) {
      ask()
      seen.push(uniform())
    }
    assert.deepEqual(seen, [undefined, 1, undefined, 2, 2, undefined, 2, undefined])
  })
})
