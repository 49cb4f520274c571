// Logins that hold for a while (KIP-368, connections.max.reauth.ms): clients log in again on the same connection.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import kafkajs from 'kafkajs'
import { ConfigCalls, configType } from '../../support/config-calls.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

const sessionMs = 2000
const metadata = {
  topics: [],
  allowAutoTopicCreation: false,
  includeTopicAuthorizedOperations: false,
  includeClusterAuthorizedOperations: false,
}

let kafka: KafkaFixture
before(async () => {
  const own = { user: 'own', password: 'secret' }
  kafka = await KafkaFixture.start({ ...own, kafkaConnectionsMaxReauthMs: sessionMs })
})
after(() => kafka[Symbol.asyncDispose]())

async function logIn(client: KafkaRawClient, version = 2): Promise<number | undefined> {
  await client.call('saslHandshake', { mechanism: 'PLAIN' })
  const authBytes = Buffer.from('\0own\0secret')
  const answer = await client.call('saslAuthenticate', { authBytes }, version)
  assert.equal(answer.errorCode, 0, answer.errorMessage ?? '')
  return answer.sessionLifetimeMs
}

describe('a login that holds for a while', () => {
  it('says so, and ends the connection with the next request after it', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    assert.equal(await logIn(client), sessionMs)
    const begun = performance.now()
    await client.call('metadata', metadata)
    await waitFor('it is over', () => performance.now() - begun > sessionMs + 50)
    await assert.rejects(client.call('metadata', metadata), /hung up/)
  })

  it('ends also for a client that does not know of it', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await logIn(client, 0)
    const begun = performance.now()
    await waitFor('it is over', () => performance.now() - begun > sessionMs + 50)
    await assert.rejects(client.call('metadata', metadata), /hung up/)
  })

  it('is renewed by another on the same connection', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await logIn(client)
    const begun = performance.now()
    await waitFor('half of it is over', () => performance.now() - begun > sessionMs / 2)
    await logIn(client)
    await waitFor('the first is over', () => performance.now() - begun > sessionMs + 50)
    await client.call('metadata', metadata)
  })

  it('is renewed by kafkajs while it works', async () => {
    const client = new kafkajs.Kafka({
      brokers: [`127.0.0.1:${kafka.kafkaPort}`],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 0 },
      reauthenticationThreshold: sessionMs / 2,
      sasl: { mechanism: 'scram-sha-256', username: 'own', password: 'secret' },
    })
    const admin = client.admin()
    await admin.connect()
    const begun = performance.now()
    await waitFor('two sessions have gone by', async () => {
      await admin.listTopics()
      return performance.now() - begun > 2 * sessionMs
    })
    await admin.disconnect()
  })

  it('is told by DescribeConfigs', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await logIn(client)
    const calls = new ConfigCalls(client)
    const keys = ['connections.max.reauth.ms']
    const { configs } = await calls.describeOne(configType.broker, '1', { keys })
    assert.equal(configs[0]?.value, `${sessionMs}`)
  })
})
