// Logins of Apache's Java client, by one of Kafka's own tools: each mechanism of SASL, a certificate, and sessions
// that end. They run where the Java clients of interop.test.ts run.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { makeCertificate } from '../support/make-certificate.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { allScopes, TokenIssuer } from '../support/token-issuer.ts'
import { describeInterop } from './interop-choice.ts'
import { prepareKafkaTools, ToolRunner } from './kafka-tools/tool-runner.ts'

const prepareMsMax = 600_000
const tools = 'org.apache.kafka.tools'
const security = 'org.apache.kafka.common.security'
const own = { user: 'client', password: 'secret' }
const startMsMax = 20_000

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
      writeFileSync(join(folder, 'password'), own.password)
      runner = new ToolRunner(prepared.command, [first, `${allowed}=${tokenUrl()}`, ...args])
    },
    { timeout: prepareMsMax },
  )
  after(async () => {
    await runner?.[Symbol.asyncDispose]()
    if (folder) rmSync(folder, { recursive: true })
  })

  const start = (...flags: readonly string[]): Promise<TestBroker> => {
    const user = ['--user', own.user, '--password-file', join(folder, 'password')]
    return TestBroker.start(['--kafka-port', '0', ...user, ...flags], [], startMsMax)
  }

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
      await using kafka = await start('--kafka-connections-max-reauth-ms', '1000')
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
    await using kafka = await start('--oauth-issuer', issuer.url)
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
    const authority = makeCertificate({ name: 'authority' })
    const hosts = ['localhost', '127.0.0.1']
    const ofBroker = makeCertificate({ name: 'broker', hosts, issuer: authority })
    const { certificate, key } = makeCertificate({ name: 'client', issuer: authority })
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, authority.certificate)
    writeFileSync(join(folder, 'broker.pem'), ofBroker.certificate)
    writeFileSync(join(folder, 'broker-key.pem'), ofBroker.key)
    const tls = `--tls-cert=${folder}/broker.pem --tls-key=${folder}/broker-key.pem`.split(' ')
    const clients = [`--tls-client-ca=${caFile}`, '--tls-client-name=common-name']
    const ports = '--kafka-tls-port=0 --amqp-tls-port=off --http-tls-port=off'.split(' ')
    await using broker = await start(...ports, ...tls, ...clients)
    const file = join(folder, 'client.pem')
    writeFileSync(file, `${key}\n${certificate}`)
    const properties = {
      'security.protocol': 'SSL',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': caFile,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': file,
    }
    const list = ['--bootstrap-server', `localhost:${broker.kafkaTlsPort}`]
    await call('TopicCommand', properties, [...list, '--create', '--topic', 'by-certificate'])
    assert.match(await call('TopicCommand', properties, [...list, '--list']), /by-certificate/)
  })
})
