// A job whose target takes nothing more, and that is to wait.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk } from '../../../test/support/delays-under-test.ts'
import { Rights } from '../../auth/rights.ts'
import { jobLimits } from '../../limits/jobs.ts'
import { type FieldInput, table } from '../../record/message/field-table.ts'

const rights = new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] })

test('a job tries a full queue again after longer and longer times', async () => {
  const disk = new DelaysOnDisk()
  const world = await disk.start()
  const { broker } = world
  const vhost = broker.getVHost('/')
  const declare = (name: string, args: { readonly [name: string]: FieldInput }): unknown => {
    const rest = { durable: true, exclusive: false, autoDelete: false, connection: {} }
    return broker.declareQueue(vhost, { name, ...rest, arguments: table(args) })
  }
  declare('a', {})
  declare('full', { 'x-max-length': 3, 'x-overflow': 'reject-publish' })
  for (const text of ['1', '2', '3', '4', '5', '6']) {
    world.publish(text, undefined, { exchange: '', key: 'a' })
  }
  await disk.until(() => world.isConfirmed && broker.store.uncommittedSize === 0)
  const jobs = await broker.openJobs()
  const target = { to: 'queue', name: 'full' } as const
  const asked = { kind: 'move', vhost: '/', queue: 'a', target, onRefused: 'wait' } as const
  const job = await disk.pump(jobs.start(asked, { user: 'guest', rights }))
  const { retryMsMin } = jobLimits
  await disk.advance(retryMsMin * 2.5, 100)
  assert.deepEqual([job.state, job.progress.done], ['running', 3])
  assert.match(job.progress.reason!, /no room in queue 'full'/)
  await disk.until(() => {
    world.take('full')
    return vhost.findQueue('full')?.messageCount === 0
  })
  await disk.advance(retryMsMin * 0.3, 100)
  assert.equal(job.progress.done, 3, 'it waits for twice the time')
  await disk.advance(retryMsMin, 100)
  assert.deepEqual([job.state, job.progress.done, job.progress.reason], ['done', 6, undefined])
  await disk.stop(world)
})
