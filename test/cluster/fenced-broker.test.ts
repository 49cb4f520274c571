// A broker whose cell has got another owner, in a process that goes on: it confirms nothing more, and closes although
// nothing that it waits for ever comes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createSystemDisk } from '../../src/log/file/system-disk.ts'
import { systemTopologyFiles } from '../../src/meta/topology-files.ts'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { MemoryCells } from '../../src/testing/memory-cells.ts'
import { MemoryObjects } from '../../src/testing/memory-objects.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { CellOwner, cellRoot } from '../support/cell-owner.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { within } from '../support/wait-for.ts'

const clocks = { clock: systemClock, random: systemRandom }
const cells = new MemoryCells({ ...clocks, delayMsMax: 1 })
const objects = new MemoryObjects(clocks)
const folders: string[] = []

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The next owner of the cell. */
async function startNext(): Promise<RunningBroker> {
  const owner = await CellOwner.open({ table: cells.claim(1), objects, ...clocks })
  const data = mkdtempSync(join(tmpdir(), 'pabal-fenced-'))
  folders.push(data)
  const remote = { root: cellRoot, localDisk: createSystemDisk() }
  const disk = await owner.openDisk()
  const storage = { disk, topologyFiles: systemTopologyFiles, remote }
  return startBroker({
    data,
    storage,
    ...otherPortsOff,
    amqpPort: 0,
    kafkaPort: 0,
    httpPort: 'off',
  })
}

function urlOf(broker: RunningBroker): string {
  return `amqp://guest:guest@127.0.0.1:${broker.addresses['amqp']?.port}`
}

test('it fails, closes at once, and the next one has what it confirmed', async () => {
  const first = await startNext()
  const session = await AmqpSession.open(urlOf(first))
  const channel = await session.confirmChannel()
  await channel.assertQueue('orders', { durable: true })
  channel.sendToQueue('orders', Buffer.from('confirmed'), { persistent: true })
  await channel.waitForConfirms()
  const second = await startNext()
  channel.sendToQueue('orders', Buffer.from('too late'), { persistent: true })
  const outcome = channel.waitForConfirms().then(
    () => 'confirmed',
    () => 'refused',
  )
  await assert.rejects(within('it fails', first.failed), { code: 'fenced' })
  await within('it closes', first.close())
  assert.notEqual(await Promise.race([outcome, Promise.resolve('unknown')]), 'confirmed')
  await using next = await AmqpSession.open(urlOf(second))
  const reader = await next.channel()
  const message = await reader.get('orders', { noAck: true })
  assert.equal(message && message.content.toString(), 'confirmed')
  assert.equal(await reader.get('orders', { noAck: true }), false)
  await within('the next one closes', second.close())
})
