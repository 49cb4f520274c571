// Power fails at any moment of a job: nothing is lost, nothing doubled, and the order stays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import { table } from '../../record/message/field-table.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { JobKind } from './job-asked.ts'
import type { Asker, Jobs } from './jobs.ts'

const asker: Asker = {
  user: 'guest',
  rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
}
const messageCount = 300
const livesMax = 12

function declare({ broker }: DelaysUnderTest, name: string): void {
  const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
  broker.declareQueue(broker.getVHost('/'), { name, ...rest, arguments: table({}) })
}

/** Trimmed when they are compared. */
const published = Array.from({ length: messageCount }, (_, number) => `${number}`.padEnd(200))

/** The next process; one that goes on until power fails, or until the jobs have ended. */
async function live(disk: DelaysOnDisk, left: number, begin: (jobs: Jobs) => void): Promise<void> {
  const world = await disk.start()
  const jobs = await world.broker.openJobs()
  const operations = { left }
  disk.disk.onOperation = () => (operations.left-- > 0 ? undefined : 'hold')
  begin(jobs)
  const { store } = world.broker
  const isOver = (): boolean =>
    [...jobs.all].every(({ state }) => state === 'done') && store.uncommittedSize === 0
  for (let turns = 0; operations.left > 0 && !isOver(); turns++) {
    await disk.turn()
    if (turns % 10 === 0) disk.clock.nextTimer()
  }
  if (left === Infinity) await disk.stop(world)
  else world.broker.prepareToClose()
}

function goOn(jobs: Jobs): void {
  for (const job of jobs.all) if (job.state !== 'done') void jobs.resume(job.id, asker)
}

async function run(kind: JobKind, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const disk = new DelaysOnDisk()
  const first = await disk.start()
  for (const name of ['a', 'b']) declare(first, name)
  for (const text of published) first.publish(text, undefined, { exchange: '', key: 'a' })
  await disk.until(() => first.isConfirmed)
  const jobs = await first.broker.openJobs()
  const rest = { vhost: '/', queue: 'a', target: { to: 'queue', name: 'b' } } as const
  // Batches of ten messages, so that there are many.
  const asked = { kind, ...rest, onRefused: 'stop', messagesPerSecond: 100 } as const
  const { id } = await disk.pump(jobs.start(asked, asker))
  first.broker.prepareToClose()
  disk.crash(random)
  let isUndoing = false
  for (let life = 0; ; life++) {
    const isLast = life === livesMax
    await live(disk, isLast ? Infinity : random.below(60), (jobs) => {
      goOn(jobs)
      const isMoved = jobs.find(id)?.state === 'done'
      if (kind !== 'move' || !isMoved || isUndoing || seed % 2 === 0) return
      isUndoing = true
      void jobs.undo(id, asker)
    })
    if (isLast) break
    disk.crash(random)
  }
  await check(disk, kind, seed)
}

async function check(disk: DelaysOnDisk, kind: JobKind, seed: number): Promise<void> {
  disk.disk.onOperation = () => undefined
  const last = await disk.start()
  const inA = await disk.take(last, last.readyCount('a'), 'a')
  const inB = await disk.take(last, last.readyCount('b'), 'b')
  const numbers = published.map((text) => text.trimEnd())
  const [a, b] = [inA, inB].map((arrivals) => arrivals.map(({ text }) => text.trimEnd()))
  const jobs = [...(await last.broker.openJobs()).all]
  const undo = jobs.find(({ facts }) => facts.asked.kind === 'undo')
  const job = jobs.find((each) => each !== undo)
  assert.equal(job!.state, 'done', `seed ${seed}`)
  if (kind === 'copy') {
    assert.deepEqual(a, numbers, `seed ${seed}`)
    assert.deepEqual(b, numbers, `seed ${seed}`)
  } else {
    assert.deepEqual(undo === undefined ? b : a, numbers, `seed ${seed}`)
    assert.deepEqual(undo === undefined ? a : b, [], `seed ${seed}`)
    if (undo !== undefined) assert.equal(undo.progress.done, messageCount, `seed ${seed}`)
  }
  assert.equal(job!.progress.done, messageCount, `seed ${seed}`)
  await disk.stop(last)
}

test('a move is neither lost nor doubled, nor out of order, wherever power fails, and undone', async () => {
  for (let seed = 1; seed <= 8; seed++) await run('move', seed)
})

test('a copy is there once, wherever power fails', async () => {
  for (let seed = 1; seed <= 6; seed++) await run('copy', seed)
})
