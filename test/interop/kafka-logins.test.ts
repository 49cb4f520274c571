// Logins of Apache's Java client, by one of Kafka's own tools: each mechanism of SASL, a certificate, and sessions
// that end. They run where the Java clients of interop.test.ts run.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { KafkaFixture } from '../support/kafka-fixture.ts'
import { TlsBroker } from '../support/tls-broker.ts'
import { allScopes, TokenIssuer } from '../support/token-issuer.ts'
import { describeInterop } from './interop-choice.ts'
import { prepareKafkaTools, ToolRunner } from './kafka-tools/tool-runner.ts'

const prepareMsMax = 600_000
const tools = 'org.apache.kafka.tools'
const security = 'org.apache.kafka.common.security'
const own = { user: 'client', password: 'secret' }

describeInterop("Logins of Kafka's Java client", { language: 'java', own: 'kafka-logins' }, () => {
  let runner: ToolRunner
  let folder: string
  before(
    async () => {
      const prepared = await prepareKafkaTools()
      if ('missing' in prepared) throw new Error(`missing: ${prepared.missing}`)
      const [first = '', ...args] = prepared.args
      const allowed = '-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls'
      folder = mkdtempSync(join(tmpdir(), 'pabal-logins-'))
      runner = new ToolRunner(prepared.command, [first, `${allowed}=${tokenUrl()}`, ...args])
    },
    { timeout: prepareMsMax },
  )
  after(async () => {
    await runner?.[Symbol.asyncDispose]()
    if (folder) rmSync(folder, { recursive: true })
  })

  const tokenUrl = (): string => `file://${join(folder, 'token')}`

  /** What a tool prints, with these properties of its client. */
  async function call(
    tool: string,
    properties: Readonly<Record<string, string>>,
    args: readonly string[],
  ): Promise<string> {
    const file = join(folder, 'client.properties')
    const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`)
    writeFileSync(file, lines.join('\n'))
    const { code, output } = await runner.call(`${tools}.${tool}`, [
      ...args,
      '--command-config',
      file,
    ])
    assert.equal(code, 0, output)
    return output
  }

  function sasl(mechanism: string, login: string): Readonly<Record<string, string>> {
    return {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': `${security}.${login}`,
    }
  }

  function byPassword(
    mechanism: string,
    password = own.password,
  ): Readonly<Record<string, string>> {
    const module = mechanism === 'PLAIN' ? 'plain.Plain' : 'scram.Scram'
    const login = `username="${own.user}" password="${password}"`
    return sasl(mechanism, `${module}LoginModule required ${login};`)
  }

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    it(`by ${mechanism}, which it renews`, async () => {
      await using kafka = await KafkaFixture.start({ ...own, kafkaConnectionsMaxReauthMs: 1000 })
      const server = `127.0.0.1:${kafka.kafkaPort}`
      const rate = ['--num-records', '15', '--throughput', '10', '--record-size', '100']
      const output = await call('ProducerPerformance', byPassword(mechanism), [
        '--bootstrap-server',
        server,
        '--topic',
        't',
        ...rate,
      ])
      assert.match(output, /15 records sent/)
      assert.doesNotMatch(output, /Disconnected|terminated|Exception/)
      await assert.rejects(
        call('TopicCommand', byPassword(mechanism, 'wrong'), [
          '--bootstrap-server',
          server,
          '--list',
        ]),
        /Authentication failed/,
      )
    })
  }

  it('by OAUTHBEARER', async () => {
    await using issuer = await TokenIssuer.start()
    await using kafka = await KafkaFixture.start({ ...own, oauthIssuer: issuer.url })
    writeFileSync(join(folder, 'token'), await issuer.sign({ scope: allScopes }))
    const module = 'oauthbearer.OAuthBearerLoginModule required;'
    const handler = `${security}.oauthbearer.OAuthBearerLoginCallbackHandler`
    const properties = {
      ...sasl('OAUTHBEARER', module),
      'sasl.login.callback.handler.class': handler,
      'sasl.oauthbearer.token.endpoint.url': tokenUrl(),
    }
    const server = `127.0.0.1:${kafka.kafkaPort}`
    const list = ['--bootstrap-server', server]
    await call('TopicCommand', properties, [...list, '--create', '--topic', 'by-token'])
    assert.match(await call('TopicCommand', properties, [...list, '--list']), /by-token/)
  })

  it('by a certificate', async () => {
    const options = { ...own, tlsClientName: 'common-name' } as const
    await using broker = await TlsBroker.start(options, true)
    const { certificate, key } = broker.clientCertificate()
    const file = join(folder, 'client.pem')
    writeFileSync(file, `${key}\n${certificate}`)
    const properties = {
      'security.protocol': 'SSL',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': broker.caFile,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': file,
    }
    const list = ['--bootstrap-server', `localhost:${broker.port('kafka-tls')}`]
    await call('TopicCommand', properties, [...list, '--create', '--topic', 'by-certificate'])
    assert.match(await call('TopicCommand', properties, [...list, '--list']), /by-certificate/)
  })
})
