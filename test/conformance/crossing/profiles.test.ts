// A stream and a topic are one thing, and so is what writing it is built for.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

const invalidConfig = 40

let kafka: KafkaFixture
let calls: ConfigCalls
let session: AmqpSession

before(async () => {
  kafka = await KafkaFixture.start({ profile: 'throughput' })
  calls = new ConfigCalls(kafka.client)
  session = await AmqpSession.open(kafka.amqpUrl)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

async function declare(name: string, profile: string): Promise<void> {
  const channel = await session.channel()
  const args = { 'x-queue-type': 'stream', 'x-profile': profile }
  await channel.assertQueue(name, { arguments: args })
  await channel.close()
}

async function refusalOf(name: string, profile: string): Promise<string> {
  const channel = await session.channel()
  const args = { 'x-queue-type': 'stream', 'x-profile': profile }
  const declared = channel.assertQueue(name, { arguments: args })
  declared.catch(() => {})
  return replyText(await channelClosed(channel))
}

async function shownProfile(topic: string): Promise<string | null | undefined> {
  const keys = ['pabal.profile']
  const { configs } = await calls.describeOne(configType.topic, topic, { keys })
  return configs[0]?.value
}

describe('pabal.profile', () => {
  it("is the broker's until somebody sets it, and takes no other word", async () => {
    const name = uniqueName('topic')
    await kafka.createTopic(name)
    assert.equal(await shownProfile(name), 'default')
    assert.deepEqual(await calls.alter(configType.topic, name, [['pabal.profile', 'latency']]), [
      0,
      null,
    ])
    assert.equal(await shownProfile(name), 'latency')
    const [code, text] = await calls.alter(configType.topic, name, [['pabal.profile', 'fast']])
    assert.equal(code, invalidConfig)
    assert.match(String(text), /^Invalid value fast for configuration pabal.profile: /)
  })

  it('is what a stream was declared with, which may be declared again with what it is now', async () => {
    const name = uniqueName('stream')
    await declare(name, 'throughput')
    assert.equal(await shownProfile(name), 'throughput')
    await declare(name, 'throughput')
    assert.match(
      await refusalOf(name, 'latency'),
      /^PRECONDITION_FAILED - inequivalent arg 'x-profile' .* received 'latency' but current is 'throughput'/,
    )
    await calls.alter(configType.topic, name, [['pabal.profile', 'latency']])
    await declare(name, 'latency')
  })

  it('lets a publisher that waits for each confirm have it', async () => {
    const name = uniqueName('queue')
    const channel = await session.confirmChannel()
    await channel.assertQueue(name, { arguments: { 'x-profile': 'throughput' } })
    for (let count = 0; count < 10; count++) {
      channel.sendToQueue(name, Buffer.from('a'), { persistent: true })
      await channel.waitForConfirms()
    }
    const { messageCount } = await channel.checkQueue(name)
    assert.equal(messageCount, 10)
  })
})
