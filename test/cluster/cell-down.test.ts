// A cell that cannot be opened goes down after three failures, and the others go on; once it can be, and somebody says
// so, it is served with all that it had.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { runPabal } from '../support/run-pabal.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const cell = 1

describe('a cell that cannot be opened', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest

  before(async () => {
    cluster = await ClusterUnderTest.start()
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  test('goes down after three failures, alone, and comes back', async () => {
    const first = await cluster.startNode('n1', ['--vhosts', '/,damaged,whole'])
    await cluster.waitForCounts({ n1: 6 })
    assert.equal(await cellOf('damaged'), String(cell))
    for (const vhost of ['damaged', 'whole']) await publish(first, vhost)
    assert.equal(await first.stop(), 0)
    const { postgres } = cluster
    await postgres.run(
      `CREATE TABLE kept AS SELECT * FROM cluster.manifests WHERE cell = ${cell};
        UPDATE cluster.manifests SET bytes = 'no manifest' WHERE cell = ${cell}`,
    )

    await first.restart(slowMsMax)
    const second = await cluster.startNode('n2')
    const isDown = async (): Promise<boolean> =>
      (await postgres.run(`SELECT is_down FROM cluster.cells WHERE cell = ${cell}`)) === 't'
    await waitFor('it is down', isDown, slowMsMax)
    const failures = (): number =>
      [first, second].reduce(
        (count, { output }) =>
          count + output.split('A cell is not served here any more').length - 1,
        0,
      )
    assert.equal(failures(), 3)
    const downMessage = /cell 1 is down: its owners crashed 3 times in 5 minutes/
    await waitFor('nodes say so', () => downMessage.test(first.output + second.output))
    await cluster.waitForCounts({ n1: 3, n2: 2 })
    for (const node of [first, second]) {
      await publish(node, 'whole')
      await assert.rejects(publish(node, 'damaged'))
    }
    assert.equal(failures(), 3)

    await postgres.run(
      `UPDATE cluster.manifests m SET bytes = k.bytes FROM kept k WHERE m.cell = k.cell`,
    )
    const address = `${postgres.address}?schema=cluster`
    const { code, stderr } = await runPabal(['cluster', 'reopen', '--cluster', address])
    assert.equal(code, 0, stderr)
    assert.match(stderr, /may have these again, which were down: cell 1/)
    await cluster.waitForCounts({ n1: 3, n2: 3 })
    await using session = await sessionAt(second, 'damaged')
    const channel = await session.channel()
    assert.equal((await channel.checkQueue('tasks')).messageCount, 1)
    const again = await runPabal(['cluster', 'reopen', '--cluster', address])
    assert.match(again.stderr, /No cell is down/)
  })

  const cellOf = (vhost: string): Promise<string> =>
    cluster.postgres.run(
      `SELECT cell FROM cluster.shared WHERE kind = 'vhost' AND key = '"${vhost}"'`,
    )
})

function sessionAt({ port }: TestBroker, vhost: string): Promise<AmqpSession> {
  return AmqpSession.open(`amqp://guest:guest@127.0.0.1:${port}/${vhost}`)
}

async function publish(node: TestBroker, vhost: string): Promise<void> {
  await using session = await sessionAt(node, vhost)
  const channel = await session.confirmChannel()
  await channel.assertQueue('tasks', { durable: true })
  channel.sendToQueue('tasks', Buffer.from(vhost), { persistent: true })
  await channel.waitForConfirms()
}
