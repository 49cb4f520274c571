// A queue with a source shows its messages to whoever may read the queue, so whoever declares it must be
// allowed to read the source.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { hashPassword } from '../../../src/auth/password-hash.ts'
import { AccessKeeper } from '../../../src/broker/access-keeper.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'

let broker: BrokerInProcess

before(async () => {
  broker = await BrokerInProcess.start()
})
after(() => broker[Symbol.asyncDispose]())

it('declaring a queue with a source needs the right to read the source', async () => {
  const keeper = new AccessKeeper({
    broker: broker.broker,
    clients: broker.clients,
    settingsVHosts: [],
  })
  const hashed = hashPassword(Buffer.from('pw'), systemRandom)
  await keeper.putUser({ name: 'app', tags: [], ...hashed })
  await using all = await AmqpSession.open(broker.url)
  const owner = await all.channel()
  await owner.assertQueue('orders', { arguments: { 'x-queue-type': 'stream' } })
  const place = { user: 'app', vhost: '/' }
  const options = { arguments: { 'x-source': 'orders' } }
  await keeper.setPermission({ ...place, configure: '^sub$', write: '^$', read: '^sub$' })
  await using session = await AmqpSession.open(`amqp://app:pw@127.0.0.1:${broker.port}/%2F`)
  const channel = await session.channel()
  const closed = channelClosed(channel)
  await assert.rejects(channel.assertQueue('sub', options))
  const text = "ACCESS_REFUSED - read access to queue 'orders' in vhost '/' refused for user 'app'"
  assert.equal(replyText(await closed), text)
  await keeper.setPermission({ ...place, configure: '^sub$', write: '^$', read: '^(sub|orders)$' })
  await (await session.channel()).assertQueue('sub', options)
})
