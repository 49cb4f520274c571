// What jobs do to messages, on a disk in memory.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  type Arrival,
  DelaysOnDisk,
  type DelaysUnderTest,
} from '../../../test/support/delays-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import { jobLimits } from '../../limits/jobs.ts'
import { logLimits } from '../../limits/log.ts'
import { type FieldInput, table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Destination } from '../destination.ts'
import { Queue } from '../queue/queue.ts'
import type { JobAsked, JobTarget } from './job-asked.ts'
import type { Job } from './job.ts'
import type { Asker, Jobs } from './jobs.ts'

let disk: DelaysOnDisk
let world: DelaysUnderTest
let jobs: Jobs

const everything: Asker = {
  user: 'guest',
  rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
}

beforeEach(async () => {
  disk = new DelaysOnDisk()
  await start()
})

afterEach(() => disk.stop(world))

async function start(): Promise<void> {
  world = await disk.start()
  jobs = await world.broker.openJobs()
}

function declare(name: string, args: { readonly [name: string]: FieldInput } = {}): Destination {
  const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
  const { broker } = world
  return broker.declareQueue(broker.getVHost('/'), { name, ...rest, arguments: table(args) }).queue
}

function queue(name: string): Queue {
  const found = world.broker.getVHost('/').findQueue(name)
  assert.ok(found instanceof Queue)
  return found
}

async function settle(): Promise<void> {
  await disk.until(() => world.isConfirmed && world.broker.store.uncommittedSize === 0)
}

async function publish(name: string, texts: readonly string[], headers = {}): Promise<void> {
  for (const text of texts) world.publish(text, undefined, { exchange: '', key: name, headers })
  await settle()
}

const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`)

const move = (from: string, target: JobTarget, rest: Partial<JobAsked> = {}): JobAsked => ({
  kind: 'move',
  vhost: '/',
  queue: from,
  target,
  onRefused: 'stop',
  ...rest,
})

const to = (name: string): JobTarget => ({ to: 'queue', name })

const deletion = (queue: string): JobAsked => {
  return { kind: 'delete', vhost: '/', queue, onRefused: 'stop' }
}

async function begin(asked: JobAsked, asker = everything): Promise<Job> {
  return await disk.pump(jobs.start(asked, asker))
}

async function run(asked: JobAsked): Promise<Job> {
  const job = await begin(asked)
  await disk.until(() => job.state !== 'running')
  await settle()
  return job
}

async function take(name: string): Promise<Arrival[]> {
  return await disk.take(world, queue(name).readyCount, name)
}

const texts = (arrivals: readonly Arrival[]): string[] => arrivals.map(({ text }) => text)

/** Takes the first ready message, which is unacked then. */
async function hold(name: string): Promise<number> {
  const view = new RecordView()
  await disk.until(() => queue(name).take(view) === 'record')
  return view.offset
}

async function kill(name: string, count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    const offset = await hold(name)
    queue(name).settle(offset, 'reject')
  }
  await settle()
  for (let turn = 0; turn < 20; turn++) await disk.turn()
  await settle()
}

describe('jobs', () => {
  it('move what is ready, in order, and leave what a consumer has', async () => {
    declare('a')
    declare('b')
    await publish('b', ['before'])
    await publish('a', numbers(700))
    const held = await hold('a')
    const job = await run(move('a', to('b')))
    const { state, done, looked, skipped } = job.progress
    assert.deepEqual([state, done, looked, skipped], ['done', 699, 699, []])
    assert.equal(job.facts.total, 699)
    assert.deepEqual(texts(await take('b')), ['before', ...numbers(699, 1)])
    queue('a').settle(held, 'requeue')
    assert.deepEqual(texts(await take('a')), ['0'])
  })

  it('do nothing to what comes after they have begun', async () => {
    declare('a')
    declare('b')
    await publish('a', numbers(3))
    const job = await begin(move('a', to('b'), { messagesPerSecond: 10 }))
    await publish('a', ['later'])
    await disk.advance(5000, 50)
    assert.equal(job.state, 'done')
    assert.deepEqual(texts(await take('a')), ['later'])
    assert.deepEqual(texts(await take('b')), numbers(3))
  })

  it('take only what is listed, or what a filter finds', async () => {
    for (const name of ['a', 'b', 'c']) declare(name)
    await publish('a', numbers(50))
    const places = [40, 3, 3, 7].map((offset) => ({ index: 0, offset }))
    const listed = await run(move('a', to('b'), { places }))
    assert.equal(listed.state, 'done')
    assert.deepEqual(texts(await take('b')), ['3', '7', '40'])
    const job = await run(move('a', to('c'), { filter: { text: '4' } }))
    assert.deepEqual(texts(await take('c')), ['4', '14', '24', '34', ...numbers(9, 41)])
    assert.equal(job.progress.looked, 47)
    assert.equal(queue('a').readyCount, 47 - 13)
  })

  it('delete', async () => {
    declare('a')
    await publish('a', numbers(20))
    const job = await run({ ...deletion('a'), filter: { text: '1' } })
    assert.equal(job.progress.done, 11)
    assert.equal(job.progress.doneSize, 21)
    assert.deepEqual(texts(await take('a')), ['0', ...numbers(8, 2)])
  })

  it('copy, also from a stream, with other bodies and headers', async () => {
    declare('s', { 'x-queue-type': 'stream' })
    declare('b')
    await publish('s', numbers(5), { tries: 3, keep: true })
    const body = Buffer.from('new').toString('base64')
    const edit = { body, setHeaders: { why: 'fixed' }, removeHeaders: ['tries'] }
    const job = await run({ ...move('s', to('b')), kind: 'copy', edit })
    assert.equal(job.progress.done, 5)
    const copies = await take('b')
    assert.deepEqual(texts(copies), Array<string>(5).fill('new'))
    const headers = copies[0]!.headers!
    assert.equal(headers.findText('why'), 'fixed')
    assert.deepEqual([headers.has('tries'), headers.has('keep')], [false, true])
    const again = await run({ ...move('s', to('b')), kind: 'copy' })
    assert.equal(again.progress.done, 5)
    assert.deepEqual(texts(await take('b')), numbers(5))
  })

  it('move large bodies without reading them', async () => {
    declare('a')
    declare('b')
    const large = 'x'.repeat(logLimits.inlineBodySizeMax + 1)
    await publish('a', ['small', large])
    await disk.until(() => queue('a').readyCount === 2)
    await settle()
    let reads = 0
    disk.disk.onOperation = (operation, path) => {
      if (operation === 'read' && path.includes('aside')) reads++
      return undefined
    }
    await run(move('a', to('b')))
    assert.equal(reads, 0)
    const lengths = texts(await take('b')).map(({ length }) => length)
    assert.deepEqual(lengths, [5, large.length])
  })

  it('move priorities from the highest on, and into priorities', async () => {
    for (const name of ['a', 'c']) declare(name, { 'x-max-priority': 3 })
    declare('b')
    for (const [text, priority] of Object.entries({ w: 0, x: 2, y: 1, z: 2 })) {
      world.publish(text, undefined, { exchange: '', key: 'a', priority })
    }
    await settle()
    const job = await run(move('a', to('b')))
    assert.deepEqual([job.progress.done, queue('a').messageCount], [4, 0])
    await run(move('b', to('c')))
    assert.deepEqual(texts(await take('c')), ['x', 'z', 'y', 'w'])
  })
})

describe('a job whose target takes nothing more', () => {
  beforeEach(async () => {
    declare('a')
    declare('full', { 'x-max-length': 3, 'x-overflow': 'reject-publish' })
    await publish('a', numbers(6))
  })

  it('ends before that message, and goes on when it is resumed', async () => {
    const job = await run(move('a', to('full')))
    assert.equal(job.state, 'failed')
    assert.match(job.progress.reason!, /no room in queue 'full'/)
    assert.equal(job.progress.done, 3)
    assert.deepEqual(texts(await take('full')), numbers(3))
    await disk.pump(jobs.resume(job.id, everything))
    await disk.until(() => job.state !== 'running')
    assert.equal(job.progress.done, 6)
    assert.deepEqual(texts(await take('full')), numbers(3, 3))
  })

  it('leaves them where they are and says why, if it is to', async () => {
    const job = await run(move('a', to('full'), { onRefused: 'skip' }))
    assert.equal(job.state, 'done')
    assert.deepEqual(job.progress.skipped, [["no room in queue 'full' in vhost '/'", 3]])
    assert.deepEqual(texts(await take('a')), numbers(3, 3))
  })

  it('waits while the disk has no space', async () => {
    declare('b')
    world.shortage.set('disk', true)
    const job = await begin(move('a', to('b')))
    for (let turn = 0; turn < 50; turn++) await disk.turn()
    assert.deepEqual([job.state, job.progress.done], ['running', 0])
    world.shortage.set('disk', false)
    await disk.until(() => job.state === 'done')
    assert.equal(job.progress.done, 6)
  })

  it('ends where no queue is bound, or no such exchange is', async () => {
    world.declare('nowhere', 'fanout')
    const unbound = await run(move('a', { to: 'exchange', name: 'nowhere' }))
    assert.match(unbound.progress.reason!, /no queue is bound/)
    const missing = await run(move('a', { to: 'exchange', name: 'none' }))
    assert.match(missing.progress.reason!, /no exchange 'none'/)
    assert.equal(queue('a').readyCount, 6)
  })
})

describe('a redrive', () => {
  beforeEach(async () => {
    world.declare('dead', 'fanout')
    world.declare('shop', 'topic')
    declare('dlq')
    world.bindQueue('dlq', 'dead', '')
    declare('orders', { 'x-dead-letter-exchange': 'dead' })
    world.bindQueue('orders', 'shop', 'new.#')
    for (const text of numbers(4)) {
      world.publish(text, undefined, { exchange: 'shop', key: `new.${text}` })
    }
    await settle()
    await kill('orders', 4)
    assert.equal(queue('dlq').readyCount, 4)
  })

  const redrive = (target: JobTarget, rest: Partial<JobAsked> = {}): JobAsked =>
    move('dlq', target, { kind: 'redrive', ...rest })

  it('brings dead letters to the queue they died in, with the address they had', async () => {
    const job = await run(redrive({ to: 'origin', death: 'first' }))
    assert.equal(job.progress.done, 4)
    const back = await take('orders')
    assert.deepEqual(texts(back), numbers(4))
    assert.ok(back.every(({ exchange }) => exchange === 'shop'))
    // To be read by whoever wants to know.
    assert.equal(back[0]!.headers!.findText('x-first-death-queue'), 'orders')
  })

  it('through the exchange reaches all queues that are bound by now', async () => {
    declare('audit')
    world.bindQueue('audit', 'shop', 'new.1')
    await run(redrive({ to: 'address' }))
    assert.deepEqual(texts(await take('audit')), ['1'])
    assert.deepEqual(texts(await take('orders')), numbers(4))
  })

  it('may be followed by the same death, any number of times', async () => {
    for (let round = 0; round < 3; round++) {
      await run(redrive({ to: 'origin', death: 'last' }))
      assert.equal(queue('orders').readyCount, 4)
      await kill('orders', 4)
      assert.equal(queue('dlq').readyCount, 4)
    }
  })

  it('is no cycle though messages only expired on their way', async () => {
    const ttl = { 'x-message-ttl': 1000, 'x-dead-letter-exchange': '' }
    declare('work', { ...ttl, 'x-dead-letter-routing-key': 'wait' })
    declare('wait', { ...ttl, 'x-dead-letter-routing-key': 'parked' })
    declare('parked')
    await publish('work', ['a'])
    for (let round = 0; round < 3; round++) {
      await disk.advance(4000, 100)
      assert.equal(queue('parked').readyCount, 1)
      await run({ ...redrive({ to: 'origin', death: 'first' }), queue: 'parked' })
    }
  })

  it('leaves what did not die, and what would come back to where it is', async () => {
    await publish('dlq', ['alive'])
    const job = await run(redrive({ to: 'origin', death: 'first' }, { onRefused: 'skip' }))
    assert.equal(job.progress.done, 4)
    assert.match(job.progress.skipped[0]![0], /do not say that it died/)
    const again = await run({ ...redrive({ to: 'origin', death: 'first' }), queue: 'orders' })
    assert.match(again.progress.reason!, /come back to the queue/)
    assert.equal(queue('orders').readyCount, 4)
  })

  it('ends where the queue is gone', async () => {
    world.broker.deleteQueue(queue('orders'))
    const job = await run(redrive({ to: 'origin', death: 'first' }))
    assert.match(job.progress.reason!, /no queue 'orders'/)
    assert.equal(queue('dlq').readyCount, 4)
  })

  it('is undone: what nobody has taken is a dead letter again, as it was', async () => {
    const job = await run(redrive({ to: 'origin', death: 'first' }))
    await publish('orders', ['other'])
    const held = await hold('orders')
    queue('orders').settle(held, 'ack')
    await hold('orders')
    const undo = await disk.pump(jobs.undo(job.id, everything))
    await disk.until(() => undo.state !== 'running')
    const { state, done, skipped } = undo.progress
    assert.deepEqual([state, done, skipped], ['done', 2, [['a consumer has it', 1]]])
    assert.equal(undo.facts.total, 4)
    const back = await take('dlq')
    assert.deepEqual(texts(back), ['2', '3'])
    assert.deepEqual([back[0]!.exchange], ['dead'])
    assert.equal(queue('orders').readyCount, 1)
  })
})

describe('a running job', () => {
  beforeEach(async () => {
    declare('a')
    declare('b')
    await publish('a', numbers(100))
  })

  it('keeps to its rate', async () => {
    const job = await begin(move('a', to('b'), { messagesPerSecond: 20 }))
    await disk.advance(2000, 10)
    const { done } = job.progress
    assert.ok(done >= 36 && done <= 46, `${done} in two seconds`)
    await disk.advance(4000, 10)
    assert.equal(job.state, 'done')
  })

  it('pauses at once, goes on, and is cancelled', async () => {
    const job = await begin(move('a', to('b'), { bytesPerSecond: 10 }))
    await disk.advance(1000, 10)
    await disk.pump(jobs.pause(job.id))
    const { done } = job.progress
    assert.ok(done > 0 && done < 50)
    await disk.advance(5000, 10)
    assert.deepEqual([job.state, job.progress.done], ['paused', done])
    assert.throws(() => jobs.pause(job.id), /the job is paused/)
    await disk.pump(jobs.resume(job.id, everything))
    await disk.advance(1000, 10)
    assert.ok(job.progress.done > done)
    await disk.pump(jobs.cancel(job.id))
    assert.equal(queue('a').readyCount + queue('b').readyCount, 100)
    assert.throws(() => jobs.resume(job.id, everything), /the job is cancelled/)
    await disk.pump(jobs.remove(job.id))
    assert.equal(jobs.find(job.id), undefined)
  })

  it('ends with its queue', async () => {
    const job = await begin(move('a', to('b'), { messagesPerSecond: 10 }))
    world.broker.deleteQueue(queue('a'))
    await disk.advance(2000, 10)
    assert.equal(job.state, 'failed')
    assert.match(job.progress.reason!, /was deleted/)
    declare('a')
    assert.throws(() => jobs.resume(job.id, everything), /of that time was deleted/)
  })

  it('waits after a restart until somebody resumes it', async () => {
    const { id } = await begin(move('a', to('b'), { messagesPerSecond: 20 }))
    await disk.advance(1000, 10)
    await disk.stop(world)
    await start()
    const job = jobs.find(id)!
    assert.deepEqual([job.state, job.progress.reason], ['interrupted', 'the broker ended'])
    const { done } = job.progress
    assert.ok(done > 0 && done < 100)
    assert.equal(queue('b').readyCount, done)
    await disk.pump(jobs.resume(id, everything))
    await disk.advance(6000, 10)
    assert.deepEqual([job.state, job.progress.done], ['done', 100])
    assert.deepEqual(texts(await take('b')), numbers(100))
    const undo = await disk.pump(jobs.undo(id, everything))
    assert.equal(undo.facts.total, 100)
  })

  it('is one of a few, and the oldest that has ended is forgotten', async () => {
    const slow = { messagesPerSecond: 1 }
    const running: Job[] = []
    for (let count = 0; count < jobLimits.runningMax; count++) {
      running.push(await begin(move('a', to('b'), slow)))
    }
    await assert.rejects(begin(move('a', to('b'))), /4 jobs are running/)
    for (const job of running) await disk.pump(jobs.cancel(job.id))
    const ids: string[] = []
    for (let count = 0; count < jobLimits.keptMax; count++) {
      ids.push((await run(deletion('b'))).id)
    }
    assert.deepEqual(
      [...jobs.all].map(({ id }) => id),
      ids,
    )
    await disk.stop(world)
    await start()
    assert.deepEqual([...jobs.all].map(({ id }) => id).toSorted(), ids.toSorted())
  })
})

describe('who asks for a job', () => {
  beforeEach(async () => {
    declare('a')
    declare('b')
    await publish('a', numbers(3))
  })

  const asker = (read: string, write: string): Asker => ({
    user: 'u',
    rights: new Rights(
      { user: 'u', vhost: '/' },
      { permission: { user: 'u', vhost: '/', configure: '', read, write }, topics: [] },
    ),
  })

  it('reads from where the messages are', async () => {
    await assert.rejects(begin(move('a', to('b')), asker('^b$', '.*')), /read access to queue 'a'/)
  })

  it('writes to where they go', async () => {
    const job = await begin(move('a', to('b')), asker('.*', '^c$'))
    await disk.until(() => job.state !== 'running')
    assert.match(job.progress.reason!, /write access to queue 'b'/)
    const other = await begin(move('a', { to: 'exchange', name: 'x' }), asker('.*', '^c$'))
    await disk.until(() => other.state !== 'running')
    assert.match(other.progress.reason!, /write access to exchange 'x'/)
    assert.equal(queue('a').readyCount, 3)
  })

  it('is told what makes no sense', async () => {
    declare('s', { 'x-queue-type': 'stream' })
    const refused: readonly (readonly [JobAsked, RegExp])[] = [
      [move('a', to('a')), /in that queue already/],
      [move('s', to('a')), /is a stream/],
      [move('none', to('a')), /no queue 'none'/],
      [{ ...move('a', to('b')), kind: 'delete' }, /has no target/],
      [{ kind: 'copy', vhost: '/', queue: 'a', onRefused: 'stop' }, /needs a target/],
      [move('a', to('b'), { filter: { exchange: '(' } }), /pattern/],
      [move('a', { to: 'exchange', name: 'ü'.repeat(128) }), /more than 255 bytes/],
      [move('a', to('b'), { edit: { removeHeaders: [''] } }), /a header has a name/],
    ]
    for (const [asked, reason] of refused) await assert.rejects(begin(asked), reason)
    const job = await run(deletion('a'))
    await assert.rejects(disk.pump(jobs.undo(job.id, everything)), /cannot be undone/)
    await assert.rejects(disk.pump(jobs.undo('none', everything)), /no job none/)
  })

  it('may see first what would happen', async () => {
    await publish('a', numbers(20, 3))
    const asked = move('a', to('b'), { filter: { text: '1' } })
    const preview = await disk.pump(jobs.preview(asked, everything))
    const { looked, count, size, isWhole, targets, skipped } = preview
    assert.deepEqual([looked, count, size, isWhole, skipped], [23, 12, 23, true, []])
    assert.deepEqual([...targets], [['b', 12]])
    assert.equal(preview.first.length, jobLimits.previewShownMax)
    assert.equal(preview.first[0]!.payload!.toString(), '1')
    assert.deepEqual([queue('a').readyCount, queue('b').readyCount], [23, 0])
    const none = await disk.pump(jobs.preview(move('a', to('none')), everything))
    assert.deepEqual([none.count, none.skipped], [0, [["no queue 'none' in vhost '/'", 23]]])
  })
})
