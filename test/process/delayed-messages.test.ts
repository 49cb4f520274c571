// Delayed messages outlive a broker that is killed, and `pabal verify` knows whose their logs are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../support/wait-for.ts'
import { ScratchFolder } from './broker-program.ts'
import { FolderBroker, runCommand } from './filled-folder.ts'

const byNumber = (a: number, b: number): number => a - b

test('delayed messages that were confirmed come after the broker was killed, and come once', async () => {
  using folder = new ScratchFolder()
  const delays = Array.from({ length: 300 }, (_, number) => 500 + ((number * 37) % 300) * 10)
  {
    await using broker = await FolderBroker.start(folder)
    await broker.use(async (channel) => {
      const args = { 'x-delayed-type': 'direct' }
      await channel.assertExchange('later', 'x-delayed-message', { arguments: args })
      await channel.assertQueue('due')
      await channel.bindQueue('due', 'later', 'k')
      for (const delay of delays) {
        const body = Buffer.from(`${delay}`)
        channel.publish('later', 'k', body, { headers: { 'x-delay': delay }, persistent: true })
      }
      await channel.waitForConfirms()
    })
    await broker.kill()
  }
  const verified = await runCommand(folder, 'verify')
  assert.equal(verified.code, 0, verified.text)
  assert.doesNotMatch(verified.text, /queue.*not known/)
  {
    await using broker = await FolderBroker.start(folder)
    await broker.use(async (channel) => {
      await waitFor('the first are due', async () => {
        return (await channel.checkQueue('due')).messageCount > 20
      })
    })
    await broker.kill()
  }
  {
    await using broker = await FolderBroker.start(folder)
    await broker.use(async (channel) => {
      await waitFor('all are due', async () => {
        return (await channel.checkQueue('due')).messageCount >= delays.length
      })
    })
    const bodies = (await broker.bodiesIn('due')).map(Number)
    assert.deepEqual(bodies.toSorted(byNumber), delays.toSorted(byNumber))
    await broker.stop()
  }
})
