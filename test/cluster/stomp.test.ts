// Clients of STOMP at a node of a cluster that does not serve their virtual host, on a real PostgreSQL and a store that
// speaks S3: they notice nothing of it, and are told when it moves.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ClusterUnderTest, slowMsMax } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { RawStomp } from '../support/stomp/raw-stomp.ts'
import { waitFor } from '../support/wait-for.ts'

describe('clients of STOMP at a node of a cluster', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  let owner: TestBroker
  let other: TestBroker

  before(async () => {
    cluster = await ClusterUnderTest.start()
    // One that nobody wants a share of.
    const flags = ['--cluster-cells', '1', '--stomp-port', '0', '--vhosts', 'shop']
    owner = await cluster.startNode('owner', flags)
    await waitFor('it serves', () => owner.output.includes('serves cell 0 '), slowMsMax)
    other = await cluster.startNode('other', flags)
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  test('what is sent at one node another one has, in the virtual host that is asked for', async () => {
    for (const vhost of ['/', 'shop']) {
      await using sender = await RawStomp.connect(other.portOf('stomp'), { host: vhost })
      await using reader = await RawStomp.connect(owner.portOf('stomp'), { host: vhost })
      await reader.done('SUBSCRIBE', { destination: '/queue/orders', id: 'all' })
      await sender.done('SEND', { destination: '/queue/orders' }, vhost)
      assert.equal((await reader.expect('MESSAGE')).body, vhost)
    }
  })

  test('one that may not is told so, whether there is such a virtual host or not', async () => {
    for (const host of ['/', 'nowhere']) {
      await using stranger = await RawStomp.open(other.portOf('stomp'))
      stranger.login({ passcode: 'guessed', host })
      const { headers, body } = await stranger.expect('ERROR')
      assert.equal(headers['message'], 'Bad CONNECT')
      assert.equal(body, "Access refused for user 'guest'\n")
    }
    await using client = await RawStomp.open(other.portOf('stomp'))
    client.login({ host: 'nowhere' })
    assert.match((await client.expect('ERROR')).body, /Virtual host 'nowhere' access denied/)
  })

  test('what is no STOMP is told so', async () => {
    await using client = await RawStomp.open(other.portOf('stomp'))
    client.send('SEND', { destination: '/queue/orders' })
    assert.match((await client.expect('ERROR')).body, /You must log in using CONNECT first/)
  })

  test('when the owner stops they are told, and go on at the same address', async () => {
    const client = await RawStomp.connect(other.portOf('stomp'))
    await client.done('SEND', { destination: '/queue/kept' }, 'kept')
    const stopped = owner.stop()
    const told = await client.expect('ERROR')
    assert.equal(told.headers['message'], 'connection_forced')
    assert.equal(await client.next(), undefined)
    assert.equal(await stopped, 0)
    await using again = await RawStomp.connect(other.portOf('stomp'))
    await again.done('SUBSCRIBE', { destination: '/queue/kept', id: 'kept' })
    assert.equal((await again.expect('MESSAGE')).body, 'kept')
  })
})
