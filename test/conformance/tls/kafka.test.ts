// Kafka's clients over TLS: they are told to stay on the port that they came by.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { type ITopicConfig, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { makeCertificate } from '../../support/make-certificate.ts'
import { TlsBroker } from '../../support/tls-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

/** Kafka's number for brokers among the resources with settings. */
const BROKER_RESOURCE = 4

const hasKcat = spawnSync('kcat', ['-V']).stdout?.includes('ssl') ?? false

function clientOf(
  broker: TlsBroker,
  service: 'kafka' | 'kafka-tls',
  options: Partial<KafkaConfig> = {},
): Kafka {
  const tls = { ssl: { ca: [broker.authority.certificate] } }
  return new Kafka({
    brokers: [`localhost:${broker.port(service)}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    ...(service === 'kafka-tls' && tls),
    ...options,
  })
}

async function addressTold(kafka: Kafka): Promise<string> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const { brokers } = await admin.describeCluster()
    return brokers.map(({ host, port }) => `${host}:${port}`).join()
  } finally {
    await admin.disconnect()
  }
}

/** The same without a client that connects to what it is told. */
async function hostsTold(broker: TlsBroker, service: 'kafka' | 'kafka-tls'): Promise<string[]> {
  const ca = service === 'kafka-tls' ? broker.authority.certificate : undefined
  await using client = await KafkaRawClient.connect(broker.port(service), ca)
  const metadata = await client.call('metadata', {
    topics: [],
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
    includeClusterAuthorizedOperations: false,
  })
  const cluster = await client.call('describeCluster', {
    includeClusterAuthorizedOperations: false,
    endpointType: 1,
    includeFencedBrokers: false,
  })
  const coordinator = await client.call('findCoordinator', {
    key: 'g',
    keyType: 0,
    coordinatorKeys: ['g'],
  })
  const places = [...metadata.brokers, ...cluster.brokers, ...(coordinator.coordinators ?? [])]
  return [...new Set(places.map(({ host, port }) => `${host}:${port}`))]
}

async function listenersOf(kafka: Kafka): Promise<string | undefined> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const asked = { type: BROKER_RESOURCE, name: '1', configNames: ['advertised.listeners'] }
    const request = { resources: [asked], includeSynonyms: false }
    const { resources } = await admin.describeConfigs(request)
    return resources[0]?.configEntries[0]?.configValue
  } finally {
    await admin.disconnect()
  }
}

async function sendAndReceive(kafka: Kafka, topic: ITopicConfig['topic']): Promise<string[]> {
  const values = Array.from({ length: 50 }, (_, index) => `${index}`.repeat(10_000))
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const received: string[] = []
  await consumer.run({
    eachMessage: async ({ message }) => void received.push(String(message.value)),
  })
  await waitFor('all arrive', () => received.length === values.length)
  await consumer.disconnect()
  assert.deepEqual(received, values)
  return received
}

describe('kafkajs over TLS', () => {
  it('produces, and consumes in a group', async () => {
    await using broker = await TlsBroker.start()
    await sendAndReceive(clientOf(broker, 'kafka-tls'), 'events')
  })

  it('logs in over TLS', async () => {
    await using broker = await TlsBroker.start({ user: 'user', password: 'secret' })
    // kafkajs keeps what it authenticates with in the object: each client gets one of its own.
    const withPassword = (password: string): Kafka =>
      clientOf(broker, 'kafka-tls', { sasl: { mechanism: 'plain', username: 'user', password } })
    const kafka = withPassword('secret')
    await sendAndReceive(kafka, 'events')
    const [plain, tls] = [broker.port('kafka'), broker.port('kafka-tls')]
    assert.equal(
      await listenersOf(kafka),
      `SASL_PLAINTEXT://127.0.0.1:${plain},SASL_SSL://127.0.0.1:${tls}`,
    )
    await assert.rejects(addressTold(withPassword('wrong')), /SASL|[Aa]uthentication/)
  })

  it('needs no password with a certificate of its user', async () => {
    const options = { user: 'client', password: 'secret', tlsClientName: 'common-name' } as const
    await using broker = await TlsBroker.start(options, true)
    const { certificate: cert, key } = broker.clientCertificate()
    const ssl = { ca: [broker.authority.certificate], cert, key }
    await sendAndReceive(clientOf(broker, 'kafka-tls', { ssl }), 'events')
    // A login by SASL counts all the same.
    const sasl = { mechanism: 'plain', username: 'client', password: 'wrong' } as const
    await assert.rejects(addressTold(clientOf(broker, 'kafka-tls', { ssl, sasl })), /SASL|Invalid/)
    const stranger = makeCertificate({ name: 'stranger', issuer: broker.authority })
    const unknown = { ...ssl, cert: stranger.certificate, key: stranger.key }
    await assert.rejects(addressTold(clientOf(broker, 'kafka-tls', { ssl: unknown })))
    assert.ok(broker.warnings.some((line) => line.includes('Login refused')))
  })

  it('is told the address of the listener that it came by', async () => {
    await using broker = await TlsBroker.start()
    const [plain, tls] = [broker.port('kafka'), broker.port('kafka-tls')]
    assert.equal(await addressTold(clientOf(broker, 'kafka')), `127.0.0.1:${plain}`)
    assert.equal(await addressTold(clientOf(broker, 'kafka-tls')), `127.0.0.1:${tls}`)
    const expected = `PLAINTEXT://127.0.0.1:${plain},SSL://127.0.0.1:${tls}`
    assert.equal(await listenersOf(clientOf(broker, 'kafka')), expected)
  })

  it('is told what is set for that listener, else the host of the plain one', async () => {
    const kafkaAdvertised = 'plain.example.com:1'
    {
      await using broker = await TlsBroker.start({ kafkaAdvertised })
      const told = await hostsTold(broker, 'kafka-tls')
      assert.deepEqual(told, [`plain.example.com:${broker.port('kafka-tls')}`])
    }
    const kafkaTlsAdvertised = 'tls.example.com:2'
    await using broker = await TlsBroker.start({ kafkaAdvertised, kafkaTlsAdvertised })
    assert.deepEqual(await hostsTold(broker, 'kafka-tls'), ['tls.example.com:2'])
    assert.deepEqual(await hostsTold(broker, 'kafka'), [kafkaAdvertised])
  })

  it('finds a broker that listens with TLS only', async () => {
    const ports = {
      amqpPort: 'off',
      kafkaPort: 'off',
      httpPort: 'off',
      metricsPort: 'off',
    } as const
    await using broker = await TlsBroker.start({ ...ports, amqpTlsPort: 'off' })
    assert.deepEqual(Object.keys(broker.broker.addresses).toSorted(), ['http-tls', 'kafka-tls'])
    await sendAndReceive(clientOf(broker, 'kafka-tls'), 'events')
    assert.match((await listenersOf(clientOf(broker, 'kafka-tls'))) ?? '', /^SSL:\/\/[^,]+$/)
  })
})

describe('librdkafka over TLS', { skip: hasKcat ? false : 'kcat with TLS is not there' }, () => {
  it('produces and consumes with kcat', async () => {
    await using broker = await TlsBroker.start()
    const produced = await kcat(broker, ['-P', '-t', 'lines'], 'one\ntwo\n')
    assert.equal(produced.code, 0, produced.text)
    const { code, text } = await kcat(broker, ['-C', '-t', 'lines', '-e', '-q', '-o', 'beginning'])
    assert.equal(code, 0, text)
    assert.equal(text, 'one\ntwo\n')
  })
})

async function kcat(
  broker: TlsBroker,
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; text: string }> {
  const address = ['-b', `localhost:${broker.port('kafka-tls')}`]
  const tls = ['-X', 'security.protocol=ssl', '-X', `ssl.ca.location=${broker.caFile}`]
  const child = spawn('kcat', [...address, ...tls, ...args])
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  }
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, text }
}
