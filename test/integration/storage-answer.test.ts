// What the API says of a real data folder.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { StorageJson } from '../../src/admin/v1/storage-json.ts'
import { startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-storage-'))
const broker = await startBroker({ data, ...otherPortsOff, amqpPort: 0, kafkaPort: 0, httpPort: 0 })
after(async () => {
  await broker.close()
  rmSync(data, { recursive: true })
})
const api = `http://127.0.0.1:${broker.addresses['http']!.port}/api`

async function storage(): Promise<StorageJson> {
  const answer = await fetch(`${api}/v1/storage`)
  assert.equal(answer.status, 200)
  return (await answer.json()) as StorageJson
}

test('the disk, the log and who takes most of it', async () => {
  await fetch(`${api}/queues/%2F/orders`, { method: 'PUT', body: '{"durable": true}' })
  const messages = Array.from({ length: 20 }, () => ({ payload: 'x'.repeat(1000) }))
  const published = await fetch(`${api}/v1/streams/%2F/orders/messages`, {
    method: 'POST',
    body: JSON.stringify({ messages }),
  })
  assert.equal(published.status, 200, await published.text())
  const { data_folder: folder, disk, log, largest, commits, durability, forecast } = await storage()
  assert.equal(folder, data)
  assert.equal(durability, 'fsync')
  assert.ok(disk !== null && disk.size > disk.free && disk.free > disk.blocked_at)
  assert.ok(log !== null && log.wal_bytes > 20_000 && log.living_bytes > 20_000)
  assert.equal(largest[0]?.name, 'orders')
  assert.equal(largest[0]?.messages, 20)
  assert.ok(commits.count > 0)
  assert.equal(forecast.direction, 'unknown')
})

test('a backup that was taken is told', async () => {
  assert.equal((await storage()).last_backup, null)
  const backup = await fetch(`${api}/v1/backup`)
  const { byteLength } = await backup.arrayBuffer()
  const { last_backup: last } = await storage()
  assert.ok(last !== null && last.whole && last.ended !== null)
  assert.equal(last.bytes, byteLength)
})
