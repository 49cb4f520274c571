// A job is about all that its queue has when it begins, also about what the disk does not have yet: whoever rejects
// messages and looks for dead letters sees those before they are durable.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import type { JobAsked } from './job-asked.ts'
import type { Job } from './job.ts'
import type { Asker, Jobs } from './jobs.ts'

const asker: Asker = {
  user: 'guest',
  rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
}
const common = { vhost: '/', queue: 'a', onRefused: 'stop' } as const
const move: JobAsked = { ...common, kind: 'move', target: { to: 'queue', name: 'b' } }

let disk: DelaysOnDisk
let world: DelaysUnderTest
let jobs: Jobs

beforeEach(async () => {
  disk = new DelaysOnDisk()
  world = await disk.start()
  jobs = await world.broker.openJobs()
  for (const name of ['a', 'b']) world.queue(name)
})

afterEach(() => disk.stop(world))

function publish(...texts: readonly string[]): void {
  for (const text of texts) world.publish(text, undefined, { exchange: '', key: 'a' })
}

async function whole(starting: Promise<Job>): Promise<Job> {
  const job = await disk.pump(starting)
  await disk.until(() => job.state !== 'running')
  return job
}

test('a job takes what is not durable when it begins', async () => {
  publish('first')
  await disk.until(() => world.isConfirmed)
  publish('second', 'third')
  const job = await whole(jobs.start(move, asker))
  assert.deepEqual([job.facts.total, job.progress.done], [3, 3])
})

test('what is moved is brought back before that is durable', async () => {
  publish('first', 'second')
  await disk.until(() => world.isConfirmed)
  const moved = await disk.pump(jobs.start(move, asker))
  await disk.until(() => moved.state !== 'running')
  const undone = await whole(jobs.undo(moved.id, asker))
  assert.deepEqual([undone.facts.total, undone.progress.done], [2, 2])
})
