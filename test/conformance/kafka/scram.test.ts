// Logins by SCRAM, as clients of Kafka make them.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { KafkaFixture } from '../../support/kafka-fixture.ts'

const execute = promisify(execFile)
const hasKcat = spawnSync('kcat', ['-V']).stdout?.includes('sasl') ?? false
const own = { user: 'user', password: 'pass,word=1' }

async function topicsSeen(port: number, sasl: SASLOptions): Promise<readonly string[]> {
  const admin = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    sasl,
  }).admin()
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

describe('a login by SCRAM', () => {
  for (const mechanism of ['scram-sha-256', 'scram-sha-512'] as const) {
    it(`lets in who knows the password, by ${mechanism}`, async () => {
      await using kafka = await KafkaFixture.start(own)
      const { user: username, password } = own
      const seen = await topicsSeen(kafka.kafkaPort, { mechanism, username, password })
      assert.deepEqual(seen, [])
      for (const wrong of [
        { username, password: 'wrong' },
        { username: 'nobody', password },
      ]) {
        await assert.rejects(
          topicsSeen(kafka.kafkaPort, { mechanism, ...wrong }),
          /Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-(256|512)/,
        )
      }
    })
  }

  it('is not what other protocols say it is', async () => {
    await using kafka = await KafkaFixture.start(own)
    const { client } = kafka
    const unknown = await client.call('saslHandshake', { mechanism: 'GSSAPI' })
    assert.equal(unknown.errorCode, 33)
    assert.deepEqual(unknown.mechanisms, ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
    await client.call('saslHandshake', { mechanism: 'SCRAM-SHA-256' })
    const authBytes = Buffer.from('\0user\0pass,word=1')
    const { errorCode } = await client.call('saslAuthenticate', { authBytes })
    assert.equal(errorCode, 58)
  })

  it('works with librdkafka', { skip: hasKcat ? false : 'no kcat with SASL' }, async () => {
    // kcat takes a comma for the end of a property.
    const password = 'password=1'
    await using kafka = await KafkaFixture.start({ ...own, password })
    const properties = {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.username': own.user,
      'sasl.password': password,
    }
    const settings = Object.entries(properties).flatMap(([name, value]) => [
      '-X',
      `${name}=${value}`,
    ])
    const args = ['-L', '-b', `127.0.0.1:${kafka.kafkaPort}`, ...settings]
    const { stdout, stderr } = await execute('kcat', args)
    assert.match(stdout, /1 brokers/, stderr)
  })
})
