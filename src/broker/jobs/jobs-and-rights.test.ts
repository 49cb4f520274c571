// What a job's user may do is asked all the time: a right that is taken away while a job runs ends it.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import type { JobAsked } from './job-asked.ts'
import type { Job } from './job.ts'
import type { Jobs } from './jobs.ts'

const messageCount = 200
const permission = { user: 'ann', vhost: '/', configure: '', write: '.*', read: '.*' }
const hashing = { passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256' } as const
const common = { vhost: '/', queue: 'a', messagesPerSecond: 40 } as const
const target = { to: 'queue', name: 'b' } as const
const kinds: Readonly<Record<string, JobAsked>> = {
  copy: { ...common, kind: 'copy', target, onRefused: 'stop' },
  'move that skips': { ...common, kind: 'move', target, onRefused: 'skip' },
  'move that waits': { ...common, kind: 'move', target, onRefused: 'wait' },
  delete: { ...common, kind: 'delete', onRefused: 'stop' },
}

let disk: DelaysOnDisk
let world: DelaysUnderTest
let jobs: Jobs

beforeEach(async () => {
  disk = new DelaysOnDisk()
  world = await disk.start()
  jobs = await world.broker.openJobs()
  const { broker } = world
  broker.access.apply({ kind: 'user', op: 'put', row: { name: 'ann', tags: [], ...hashing } })
  broker.access.apply({ kind: 'permission', op: 'put', row: permission })
  for (const name of ['a', 'b']) world.queue(name)
  for (let n = 0; n < messageCount; n++) {
    world.publish(String(n), undefined, { exchange: '', key: 'a' })
  }
  await disk.until(() => world.isConfirmed)
})

afterEach(() => disk.stop(world))

async function beginAndRun(asked: JobAsked): Promise<Job> {
  const rights = world.broker.access.rightsOf('ann', '/')
  const job = await disk.pump(jobs.start(asked, { user: 'ann', rights }))
  await disk.advance(1000, 10)
  assert.equal(job.state, 'running')
  return job
}

async function expectEnded(job: Job): Promise<void> {
  const { done } = job.progress
  assert.ok(done > 0)
  await disk.advance(10_000, 10)
  const { state, reason } = job.progress
  assert.equal(state, 'failed')
  assert.match(reason!, /^read access to queue 'a' in vhost '\/' refused for user 'ann'/)
  assert.ok(job.progress.done <= done + 5, `${job.progress.done - done} more were done`)
}

for (const [name, asked] of Object.entries(kinds)) {
  describe(`a ${name}`, () => {
    it('ends when its user may not read the queue any more, and goes on when somebody resumes it who may', async () => {
      const { broker } = world
      const job = await beginAndRun(asked)
      broker.access.apply({ kind: 'permission', op: 'put', row: { ...permission, read: 'b' } })
      await expectEnded(job)
      const rights = broker.access.rightsOf('ann', '/')
      assert.throws(() => jobs.resume(job.id, { user: 'ann', rights }), /read access to queue 'a'/)
      broker.access.apply({ kind: 'permission', op: 'put', row: permission })
      await disk.pump(jobs.resume(job.id, { user: 'ann', rights }))
      await disk.advance(10_000, 10)
      assert.deepEqual([job.state, job.progress.done], ['done', messageCount])
    })

    it('ends when its user is deleted', async () => {
      const job = await beginAndRun(asked)
      world.broker.access.apply({ kind: 'user', op: 'delete', name: 'ann' })
      await expectEnded(job)
    })
  })
}
