// Logins with a token: SASL OAUTHBEARER (KIP-255, RFC 7628), PLAIN with the token as password, and logging in again
// before it expires (KIP-368).
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Admin } from '@platformatic/kafka'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { type Logger, silentLogger } from '../../../src/lib/logger.ts'
import { KafkaFixture } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { allScopes, type ClaimsOf, TokenIssuer } from '../../support/token-issuer.ts'
import { waitFor } from '../../support/wait-for.ts'

const execute = promisify(execFile)
const hasKcat = spawnSync('kcat', ['-V']).stdout?.includes('sasl_oauthbearer') ?? false

let issuer: TokenIssuer
let kafka: KafkaFixture
/** Lines of the broker's log. */
const told: string[] = []
const logger: Logger = {
  ...silentLogger,
  warn: (...line) => void told.push(JSON.stringify(line)),
  child: () => logger,
}
before(async () => {
  issuer = await TokenIssuer.start()
  const own = { user: 'own', password: 'secret' }
  kafka = await KafkaFixture.start({ ...own, oauthIssuer: issuer.url, logger })
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

function kafkajs(sasl: SASLOptions): Kafka {
  return new Kafka({
    brokers: [`127.0.0.1:${kafka.kafkaPort}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    sasl,
  })
}

function bearer(claims: ClaimsOf = {}): SASLOptions {
  const provide = async (): Promise<{ value: string }> => ({
    value: await issuer.sign({ scope: allScopes, ...claims }),
  })
  return { mechanism: 'oauthbearer', oauthBearerProvider: provide }
}

async function topicsSeen(sasl: SASLOptions): Promise<readonly string[]> {
  const admin = kafkajs(sasl).admin()
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

function firstMessage(token: string, actAs = ''): Buffer {
  return Buffer.from(`n,${actAs},\u0001auth=Bearer ${token}\u0001\u0001`)
}

type Answer = Awaited<ReturnType<typeof authenticate>>

async function authenticate(client: KafkaRawClient, authBytes: Buffer, mechanism = 'OAUTHBEARER') {
  const { errorCode } = await client.call('saslHandshake', { mechanism })
  assert.equal(errorCode, 0)
  return client.call('saslAuthenticate', { authBytes })
}

async function loginBy(client: KafkaRawClient, claims: ClaimsOf = {}): Promise<Answer> {
  return authenticate(client, firstMessage(await issuer.sign({ scope: allScopes, ...claims })))
}

const unknownTopic = 3
const topicRefused = 29
const metadata = {
  topics: [],
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
}

describe('a login by OAUTHBEARER', () => {
  it('lets kafkajs produce and consume', async () => {
    const client = kafkajs(bearer())
    const [producer, consumer] = [client.producer(), client.consumer({ groupId: 'by-token' })]
    await producer.connect()
    await producer.send({ topic: 'by-token', messages: [{ value: 'hello' }] })
    await consumer.connect()
    await consumer.subscribe({ topic: 'by-token', fromBeginning: true })
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    await consumer.run({
      eachMessage: ({ message }) => Promise.resolve(resolve(message.value?.toString())),
    })
    assert.equal(await promise, 'hello')
    await consumer.disconnect()
    await producer.disconnect()
  })

  it('lets @platformatic/kafka in', async () => {
    const admin = new Admin({
      clientId: 'test',
      bootstrapBrokers: [`127.0.0.1:${kafka.kafkaPort}`],
      retries: 0,
      sasl: { mechanism: 'OAUTHBEARER', token: await issuer.sign({ scope: allScopes }) },
    })
    assert.ok(Array.isArray(await admin.listTopics()))
    await admin.close()
  })

  const wrong: readonly [string, () => ClaimsOf][] = [
    ['has expired', () => ({ exp: inSeconds(-1) })],
    ['is for somebody else', () => ({ aud: 'shop' })],
    ['permits nothing in /', () => ({ scope: 'rabbitmq.read:other/*' })],
  ]
  for (const [what, claims] of wrong) {
    it(`is refused when the token ${what}`, async () => {
      await assert.rejects(topicsSeen(bearer(claims())))
    })
  }

  for (const sub of ['app', 'own']) {
    it(`lets nobody do what the token does not permit, called ${sub}`, async () => {
      // The user of the settings may do everything, by the password.
      const admin = kafkajs(bearer({ sub, scope: 'rabbitmq.read:*/*' })).admin()
      const create = async (): Promise<void> => {
        await admin.connect()
        await admin.createTopics({ topics: [{ topic: 'forbidden' }] })
      }
      await assert.rejects(create())
      await admin.disconnect()
      assert.ok(!(await topicsSeen(bearer())).includes('forbidden'))
    })
  }

  it('shows what the scopes of the token permit, and nothing else', async () => {
    const creator = kafkajs(bearer()).admin()
    await creator.connect()
    await creator.createTopics({ topics: [{ topic: 'app-a' }, { topic: 'shop-a' }] })
    await creator.disconnect()
    const seen = await topicsSeen(bearer({ scope: 'rabbitmq.read:%2F/{sub}-*' }))
    assert.deepEqual(seen, ['app-a'])
  })

  it('lets an administrator in', async () => {
    await topicsSeen(bearer({ scope: 'rabbitmq.tag:administrator' }))
  })

  it('says that a token is not taken, and ends when the client has heard', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    const first = await loginBy(client, { aud: 'shop' })
    assert.equal(first.errorCode, 0)
    assert.equal(first.authBytes.toString(), '{"status":"invalid_token"}')
    const second = await client.call('saslAuthenticate', { authBytes: Buffer.from('\u0001') })
    assert.equal(second.errorCode, 58)
    assert.equal(second.errorMessage, '{"status":"invalid_token"}')
    await waitFor('the broker hangs up', () => client.isClosed)
    assert.match(told.at(-1) ?? '', /token refused: its audience is not 'rabbitmq'.*Login refused/)
  })

  it('lets nobody in whose token it has not taken', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await loginBy(client, { aud: 'shop' })
    await assert.rejects(client.call('metadata', metadata))
  })

  it('is refused when the client wants to act as somebody else', async () => {
    const token = await issuer.sign({ scope: allScopes })
    await using own = await KafkaRawClient.connect(kafka.kafkaPort)
    assert.equal((await authenticate(own, firstMessage(token, 'a=app'))).errorCode, 0)
    await using other = await KafkaRawClient.connect(kafka.kafkaPort)
    const { errorCode, errorMessage } = await authenticate(other, firstMessage(token, 'a=own'))
    assert.equal(errorCode, 58)
    assert.match(String(errorMessage), /authorization id \(own\) that is different .*\(app\)/)
  })

  for (const message of [
    '',
    'n,,',
    '\u0001',
    'n,,\u0001auth=Basic x\u0001\u0001',
    'p=x,,\u0001auth=Bearer x\u0001\u0001',
  ]) {
    it(`is refused for ${JSON.stringify(message)}`, async () => {
      await using client = await KafkaRawClient.connect(kafka.kafkaPort)
      const { errorCode } = await authenticate(client, Buffer.from(message))
      assert.equal(errorCode, 58)
    })
  }

  it('is not offered where no tokens are taken', async () => {
    await using other = await KafkaFixture.start({ user: 'own', password: 'secret' })
    const { errorCode, mechanisms } = await other.client.call('saslHandshake', {
      mechanism: 'OAUTHBEARER',
    })
    assert.equal(errorCode, 33)
    assert.ok(!mechanisms.includes('OAUTHBEARER'))
  })

  it(
    'takes no token that librdkafka has not had signed',
    { skip: !hasKcat && 'no kcat' },
    async () => {
      const claims = 'principal=app scopeClaimName=scope scope=rabbitmq.tag:administrator'
      await assert.rejects(
        kcat({
          'sasl.mechanism': 'OAUTHBEARER',
          'enable.sasl.oauthbearer.unsecure.jwt': 'true',
          'sasl.oauthbearer.config': claims,
        }),
        /invalid_token/,
      )
    },
  )
})

/** Lists topics with librdkafka. */
async function kcat(properties: Readonly<Record<string, string>>): Promise<string> {
  const all = { 'security.protocol': 'SASL_PLAINTEXT', ...properties }
  const settings = Object.entries(all).flatMap(([name, value]) => ['-X', `${name}=${value}`])
  const args = ['-L', '-m', '5', '-b', `127.0.0.1:${kafka.kafkaPort}`, ...settings]
  return (await execute('kcat', args)).stdout
}

describe('a login by PLAIN', () => {
  it('takes a token for the password', async () => {
    const password = await issuer.sign({ scope: allScopes })
    assert.ok(await topicsSeen({ mechanism: 'plain', username: 'anybody', password }))
    const expired = await issuer.sign({ scope: allScopes, exp: inSeconds(-1) })
    await assert.rejects(
      topicsSeen({ mechanism: 'plain', username: 'own', password: expired }),
      /Authentication failed: Invalid username or password/,
    )
    assert.ok(await topicsSeen({ mechanism: 'plain', username: 'own', password: 'secret' }))
  })

  it('takes it from librdkafka', { skip: !hasKcat && 'no kcat' }, async () => {
    const token = await issuer.sign({ scope: allScopes })
    const login = { 'sasl.mechanism': 'PLAIN', 'sasl.username': 'app', 'sasl.password': token }
    assert.match(await kcat(login), /1 brokers/)
  })

  it('takes it as a bare token, too', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await client.call('saslHandshake', { mechanism: 'PLAIN' }, 0)
    const token = Buffer.from(`\0app\0${await issuer.sign({ scope: allScopes })}`)
    const size = Buffer.alloc(4)
    size.writeInt32BE(token.length)
    const answer = await client.exchange(Buffer.concat([size, token]))
    assert.equal(answer.length, 0)
    assert.equal((await client.call('metadata', metadata)).brokers.length, 1)
  })
})

describe('a login with a token that expires', () => {
  it('holds until then, and ends the connection with the next request', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    const exp = inSeconds(4)
    const { sessionLifetimeMs = 0 } = await loginBy(client, { exp })
    assert.ok(sessionLifetimeMs > 0 && sessionLifetimeMs <= 4000, String(sessionLifetimeMs))
    await client.call('metadata', metadata)
    await waitFor('it has expired', () => Date.now() >= exp * 1000)
    await assert.rejects(client.call('metadata', metadata), /hung up/)
  })

  it('is renewed on the same connection', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    const exp = inSeconds(4)
    await loginBy(client, { exp })
    const renewed = await loginBy(client)
    assert.equal(renewed.errorCode, 0)
    assert.ok((renewed.sessionLifetimeMs ?? 0) > 3_000_000)
    await waitFor('the first has expired', () => Date.now() >= exp * 1000)
    await client.call('metadata', metadata)
    // Also when the old one has expired meanwhile.
    await using late = await KafkaRawClient.connect(kafka.kafkaPort)
    const soon = inSeconds(3)
    await loginBy(late, { exp: soon })
    await waitFor('it has expired', () => Date.now() >= soon * 1000)
    assert.equal((await loginBy(late)).errorCode, 0)
    await late.call('metadata', metadata)
  })

  it('permits what the renewed token permits, at once', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    const topics = [{ name: 'renewed', topicId: zeroUuid }]
    const errorOf = async (): Promise<number | undefined> => {
      const answer = await client.call('metadata', { ...metadata, topics })
      return answer.topics[0]?.errorCode
    }
    await loginBy(client, { scope: 'rabbitmq.read:*/renewed' })
    assert.equal(await errorOf(), unknownTopic)
    await loginBy(client, { scope: 'rabbitmq.read:*/other' })
    assert.equal(await errorOf(), topicRefused)
  })

  it('is renewed by kafkajs', async () => {
    let logins = 0
    const oauthBearerProvider = async (): Promise<{ value: string }> => {
      logins++
      return { value: await issuer.sign({ scope: allScopes, exp: inSeconds(5) }) }
    }
    const client = new Kafka({
      brokers: [`127.0.0.1:${kafka.kafkaPort}`],
      logLevel: logLevel.NOTHING,
      reauthenticationThreshold: 1000,
      retry: { retries: 0 },
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider },
    })
    const admin = client.admin()
    await admin.connect()
    const [before, end] = [logins, Date.now() + 6000]
    await waitFor('it has outlived its first token', async () => {
      await admin.listTopics()
      return Date.now() > end
    })
    assert.ok(logins > before)
    await admin.disconnect()
  })

  it('is not renewed by another user, or by another mechanism', async () => {
    await using client = await KafkaRawClient.connect(kafka.kafkaPort)
    await loginBy(client)
    const other = await loginBy(client, { sub: 'other' })
    assert.equal(other.errorCode, 58)
    assert.equal(
      other.errorMessage,
      'Cannot change principals during re-authentication from User.app: User.other',
    )
    await waitFor('the broker hangs up', () => client.isClosed)
    await using second = await KafkaRawClient.connect(kafka.kafkaPort)
    await loginBy(second)
    const plain = await authenticate(second, Buffer.from('\0own\0secret'), 'PLAIN')
    assert.equal(plain.errorCode, 58)
    assert.match(String(plain.errorMessage), /'PLAIN' requested by client is not supported for/)
  })
})
