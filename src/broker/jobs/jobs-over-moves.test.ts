// A cell goes from node to node in order while a job runs: the job goes on by itself, with the rights and the rate it had,
// and nothing is lost or doubled. After a crash somebody has to resume it.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import type { Random } from '../../lib/random.ts'
import { FileLogStore } from '../../log/file/file-log-store.ts'
import type { UserRow } from '../../meta/access-rows.ts'
import { table } from '../../record/message/field-table.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { JobAsked } from './job-asked.ts'
import type { Job } from './job.ts'
import type { Asker, Jobs } from './jobs.ts'

const messageCount = 200
const numbers = Array.from({ length: messageCount }, (_, number) => `${number}`)
const move: JobAsked = {
  kind: 'move',
  vhost: '/',
  queue: 'a',
  target: { to: 'queue', name: 'b' },
  onRefused: 'stop',
  messagesPerSecond: 40,
}

let disk: DelaysOnDisk
let world: DelaysUnderTest
let jobs: Jobs

function userRow(name: string): UserRow {
  return { name, passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256', tags: [] }
}

/** The next owner of the cell. */
async function open(): Promise<void> {
  world = await disk.start()
  const { access } = world.broker
  access.setOwn(userRow('guest'))
  await disk.pump(world.broker.goOnWithJobs())
  jobs = await world.broker.openJobs()
}

async function giveAway(): Promise<void> {
  await disk.stop(world)
  await open()
}

async function crash(random: Random): Promise<void> {
  const { broker } = world
  disk.crash(random)
  broker.prepareToClose()
  await open()
}

const guest = (): Asker => ({
  user: 'guest',
  rights: world.broker.access.rightsOf('guest', '/'),
  lasting: { user: 'guest', address: '127.0.0.1' },
})

async function begin(asked = move, asker = guest()): Promise<Job> {
  return await disk.pump(jobs.start(asked, asker))
}

const taken = async (name: string): Promise<string[]> => {
  const arrivals = await disk.take(world, world.readyCount(name), name)
  return arrivals.map(({ text }) => text)
}

beforeEach(async () => {
  disk = new DelaysOnDisk(undefined, 3)
  await open()
  const { broker } = world
  const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
  for (const name of ['a', 'b']) {
    broker.declareQueue(broker.getVHost('/'), { name, ...rest, arguments: table({}) })
  }
  for (const text of numbers) world.publish(text, undefined, { exchange: '', key: 'a' })
  await disk.until(() => world.isConfirmed)
})

afterEach(() => disk.stop(world))

describe('a job whose cell moves', () => {
  it('goes on at each owner at its rate, and does everything once', async () => {
    const { id } = await begin()
    for (let round = 1; round <= 3; round++) {
      const { done } = jobs.find(id)!.progress
      await disk.advance(1000, 10)
      const more = jobs.find(id)!.progress.done - done
      assert.ok(more > 0 && more <= 60, `${more} in a second`)
      await giveAway()
      assert.equal(jobs.find(id)?.state, 'running')
    }
    await disk.advance(10_000, 10)
    const job = jobs.find(id)!
    assert.deepEqual([job.state, job.progress.done], ['done', messageCount])
    assert.deepEqual(await taken('b'), numbers)
    assert.deepEqual(await taken('a'), [])
  })

  it('waits for somebody after a crash, also after one that follows a move', async () => {
    const { id } = await begin()
    await giveAway()
    await disk.advance(1000, 10)
    await crash(seededRandom(7))
    const job = jobs.find(id)!
    assert.deepEqual([job.state, job.progress.reason], ['interrupted', 'the broker ended'])
    await disk.pump(jobs.resume(id, guest()))
    await giveAway()
    await disk.advance(10_000, 10)
    assert.equal(jobs.find(id)!.state, 'done')
    assert.deepEqual(await taken('b'), numbers)
  })

  it('does everything once, whenever its cell moves or crashes', async () => {
    const { id } = await begin({ ...move, messagesPerSecond: 100 })
    const random = seededRandom(11)
    let crashCount = 0
    for (let life = 0; jobs.find(id)!.state !== 'done'; life++) {
      assert.ok(life < 1000, 'it is never done')
      for (let left = random.below(40); left > 0; left--) {
        await disk.turn()
        if (left % 10 === 0) disk.clock.nextTimer()
      }
      if (random.below(3) > 0) {
        await giveAway()
        continue
      }
      crashCount++
      await crash(random)
      if (jobs.find(id)!.state === 'interrupted') await disk.pump(jobs.resume(id, guest()))
    }
    assert.ok(crashCount > 0)
    assert.equal(jobs.find(id)!.progress.done, messageCount)
    assert.deepEqual(await taken('b'), numbers)
    assert.deepEqual(await taken('a'), [])
  })

  it('is not handed over by an owner that has lost the cell', async () => {
    const { id } = await begin()
    await disk.advance(1000, 10)
    const { broker } = world
    assert.ok(broker.store instanceof FileLogStore)
    broker.store.abandon()
    broker.prepareToClose()
    await disk.pump(broker.store.close())
    await open()
    assert.equal(jobs.find(id)?.progress.reason, 'the broker ended')
  })

  it('stays as it was left when it was paused, or cancelled', async () => {
    const [paused, cancelled] = [await begin(), await begin()]
    await disk.pump(jobs.pause(paused.id))
    await disk.pump(jobs.cancel(cancelled.id))
    await giveAway()
    const states = [paused, cancelled].map(({ id }) => jobs.find(id)!.state)
    assert.deepEqual(states, ['paused', 'cancelled'])
  })

  it('waits where its rights were a token’s, or are no more', async () => {
    const rights = new Rights({ user: 'token', vhost: '/' }, { permission: 'all', topics: [] })
    const ofToken = await begin(move, { user: 'token', rights })
    const gone = { user: 'gone', address: '127.0.0.1' }
    const ofGone = await begin(move, { user: 'gone', rights, lasting: gone })
    await giveAway()
    assert.deepEqual(
      [ofToken, ofGone].map(({ id }) => {
        const { state, reason } = jobs.find(id)!.progress
        return [state, reason]
      }),
      [
        ['interrupted', 'its cell has moved, and a token says what it may do: resume it'],
        ['interrupted', "its cell has moved, and there is no user 'gone' any more: resume it"],
      ],
    )
  })

  it('waits with the reason when its user may no longer do it', async () => {
    const { id } = await begin()
    await disk.stop(world)
    world = await disk.start()
    world.broker.access.apply({ kind: 'user', op: 'put', row: userRow('guest') })
    await disk.pump(world.broker.goOnWithJobs())
    jobs = await world.broker.openJobs()
    const { state, reason } = jobs.find(id)!.progress
    assert.equal(state, 'interrupted')
    assert.match(reason!, /its cell has moved, and read access to queue 'a' .* refused/)
  })
})

describe('a job of a broker that is alone', () => {
  it('waits after a stop, which somebody has asked for', async () => {
    const alone = new DelaysOnDisk()
    const first = await alone.start()
    first.queue('q', undefined)
    const opened = await first.broker.openJobs()
    const asked = { kind: 'delete', vhost: '/', queue: 'q', onRefused: 'stop' } as const
    for (const text of numbers) first.publish(text, undefined, { exchange: '', key: 'q' })
    await alone.until(() => first.isConfirmed)
    const { id } = await alone.pump(opened.start({ ...asked, messagesPerSecond: 1 }, guest()))
    await alone.stop(first)
    const second = await alone.start()
    const job = (await second.broker.openJobs()).find(id)
    assert.equal(job?.state, 'interrupted')
    await alone.stop(second)
  })
})
