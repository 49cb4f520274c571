import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { completeOptions, findDataFolder, loadConfig } from './load-config.ts'
import type { ConfigSources, LoadedConfig } from './load-config.ts'
import { settingKeys, settingName, settings, variableName } from './settings.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pabal-config-'))
after(() => rmSync(folder, { recursive: true }))

let fileCount = 0
function writeFile(text: string): string {
  const file = path.join(folder, `${++fileCount}.yaml`)
  writeFileSync(file, text)
  return file
}

const nothing: ConfigSources = { flags: new Map(), environment: {}, configFile: undefined }

async function load(sources: Partial<ConfigSources>): Promise<LoadedConfig> {
  return loadConfig({ ...nothing, ...sources })
}

async function expectExit(sources: Partial<ConfigSources>, exitCode: number, text: RegExp) {
  await assert.rejects(load(sources), (error) => {
    assert.ok(error instanceof ExitError, String(error))
    assert.match(error.message, text)
    assert.equal(error.exitCode, exitCode)
    assert.ok(!error.message.includes('\n'), 'one line')
    return true
  })
}

test('loadConfig() without any source gives the defaults', async () => {
  const { options, given } = await load({})
  for (const key of settingKeys) assert.deepEqual(options[key], settings[key].default, key)
  assert.equal(given.size, 0)
})

test('flags win over variables, variables over the file, the file over defaults', async () => {
  const configFile = writeFile('amqp-port: 1\nhttp-port: 1\nheartbeat: 1\n')
  const environment = { PABAL_AMQP_PORT: '2', PABAL_HTTP_PORT: '2' }
  const { options } = await load({ configFile, environment, flags: new Map([['amqpPort', '3']]) })
  assert.deepEqual(
    [options.amqpPort, options.httpPort, options.heartbeat, options.channelMax],
    [3, 2, 1, 2047],
  )
})

test('the file may be named by PABAL_CONFIG, and --config wins over it', async () => {
  const environment = { PABAL_CONFIG: writeFile('heartbeat: 11') }
  assert.equal((await load({ environment })).options.heartbeat, 11)
  const configFile = writeFile('heartbeat: 12')
  assert.equal((await load({ environment, configFile })).options.heartbeat, 12)
})

test('every kind of value can be written in every source', async () => {
  const text = 'amqp-port: off\nvhosts: [a, b]\nmax-message-size: 2MiB\nframe-max: 8192\nuser:\n'
  const { options } = await load({ configFile: writeFile(text) })
  assert.equal(options.amqpPort, 'off')
  assert.deepEqual(options.vhosts, ['a', 'b'])
  assert.equal(options.maxMessageSize, 2 * 1024 ** 2)
  assert.equal(options.frameMax, 8192)
  assert.equal(options.user, undefined)
  const environment = { PABAL_VHOSTS: 'a, b', PABAL_DISK_FREE_LIMIT: '1 GB', PABAL_HOST: '' }
  const second = (await load({ environment })).options
  assert.deepEqual(second.vhosts, ['a', 'b'])
  assert.equal(second.diskFreeLimit, 1e9)
  assert.equal(second.host, 'localhost')
})

test('an empty file is no error', async () => {
  assert.equal((await load({ configFile: writeFile('# nothing\n') })).options.amqpPort, 5672)
})

test('an unknown key of the file is an error with a suggestion', async () => {
  const configFile = writeFile('amqpPort: 1')
  await expectExit(
    { configFile },
    exitCodes.config,
    /unknown setting amqpPort; did you mean amqp-port\?/,
  )
})

test('an unknown PABAL_ variable is ignored with a warning that names the closest', async () => {
  const environment = { PABAL_AMPQ_PORT: '1', PABAL_WHATEVER_IT_IS: 'x', PABAL_UNSET: '' }
  const { given, warnings } = await load({ environment })
  assert.equal(given.size, 0)
  assert.deepEqual(warnings, [
    'environment: unknown setting PABAL_AMPQ_PORT; did you mean PABAL_AMQP_PORT?',
    'environment: unknown setting PABAL_WHATEVER_IT_IS; see pabal start --help for all names',
  ])
})

const foreign: Readonly<Record<string, string>> = {
  // Kubernetes, beside services named pabal, pabal-amqp, pabal-0 and pabal-kafka-tls.
  PABAL_PORT: 'tcp://10.0.0.1:5672',
  PABAL_PORT_5672_TCP: 'tcp://10.0.0.1:5672',
  PABAL_PORT_5672_TCP_ADDR: '10.0.0.1',
  PABAL_PORT_5672_TCP_PORT: '5672',
  PABAL_PORT_5672_TCP_PROTO: 'tcp',
  PABAL_SERVICE_HOST: '10.0.0.1',
  PABAL_SERVICE_PORT: '5672',
  PABAL_SERVICE_PORT_AMQP: '5672',
  PABAL_AMQP_PORT: 'tcp://10.0.0.1:5672',
  PABAL_AMQP_SERVICE_HOST: '10.0.0.1',
  PABAL_KAFKA_TLS_PORT: 'tcp://10.0.0.1:9093',
  PABAL_0_PORT: 'udp://10.0.0.1:1883',
  PABAL_0_SERVICE_PORT: '1883',
  // docker --link of a container named pabal, or as pabal-0.
  PABAL_NAME: '/web/pabal',
  PABAL_0_NAME: '/web/pabal-0',
  PABAL_ENV_NODE_VERSION: '24',
  PABAL_0_ENV_PATH: '/bin',
  // Commands that ask a broker.
  PABAL_URL: 'https://broker.example',
  PABAL_CONTEXT: 'shop',
  PABAL_PASSWORD: 'secret',
  PABAL_TOKEN: 'e.y.J',
  PABAL_TLS_CA: 'authority.pem',
}

for (const [name, value] of Object.entries(foreign)) {
  test(`${name}=${value} is somebody else's`, async () => {
    const { given, warnings, options } = await load({ environment: { [name]: value } })
    assert.equal(given.size, 0)
    assert.deepEqual(warnings, [])
    assert.equal(options.amqpPort, settings.amqpPort.default)
  })
}

test('what only looks like a variable of others is a setting or a mistake', async () => {
  const wrong = { PABAL_AMQP_PORT: 'http://10.0.0.1' }
  await expectExit({ environment: wrong }, exitCodes.config, /must be a port/)
  const mistaken = { PABAL_AMPQ_PORT: '5672', PABAL_USER_NAME: 'shop' }
  assert.equal((await load({ environment: mistaken })).warnings.length, 2)
  const own = { PABAL_PRODUCT_NAME: '/my/product' }
  assert.equal((await load({ environment: own })).options.productName, '/my/product')
})

test('a bad value is blamed on its source: flags are usage errors, the rest configuration', async () => {
  const flags = new Map([['amqpPort', '70000']] as const)
  await expectExit({ flags }, exitCodes.usage, /^--amqp-port 70000: must be a port from 0 to 65535/)
  const environment = { PABAL_DURABILITY: 'maybe' }
  await expectExit(
    { environment },
    exitCodes.config,
    /^PABAL_DURABILITY=maybe: must be one of fsync, os/,
  )
  const configFile = writeFile('heartbeat: often')
  await expectExit(
    { configFile },
    exitCodes.config,
    /yaml: heartbeat: "often": must be a whole number/,
  )
})

test('a file that is not YAML is blamed with line and column', async () => {
  const configFile = writeFile('host: a\nhost: b\n')
  await expectExit({ configFile }, exitCodes.config, /\.yaml:2:1: Map keys must be unique/)
  await expectExit({ configFile: writeFile('- a') }, exitCodes.config, /"name: value"/)
})

test('a file that was named must exist', async () => {
  const configFile = path.join(folder, 'missing.yaml')
  await expectExit(
    { configFile },
    exitCodes.noInput,
    /cannot read configuration file .*missing\.yaml/,
  )
})

test('beyond loopback the broker wants a user of its own and says how', async () => {
  const environment = { PABAL_HOST: '0.0.0.0' }
  await expectExit({ environment }, exitCodes.config, /--user NAME --password-file FILE/)
  const passwordFile = writeFile('open sesame\nsecond line\n')
  const { options } = await load({
    environment: { ...environment, PABAL_USER: 'shop', PABAL_PASSWORD_FILE: passwordFile },
  })
  assert.equal(options.password, 'open sesame')
})

test('a user without a password, or with an empty one, is refused', async () => {
  await expectExit({ environment: { PABAL_USER: 'a' } }, exitCodes.config, /belong together/)
  const environment = { PABAL_USER: 'a', PABAL_PASSWORD_FILE: writeFile('\n') }
  await expectExit({ environment }, exitCodes.config, /is empty/)
})

test('session timeouts of groups that exclude each other are refused', async () => {
  const environment = { PABAL_KAFKA_GROUP_MAX_SESSION_TIMEOUT_MS: '5000' }
  const says =
    /kafka-group-min-session-timeout-ms 6000 is more than kafka-group-max-session-timeout-ms 5000/
  await expectExit({ environment }, exitCodes.config, says)
})

test('completeOptions() fills in defaults and refuses what is unknown', () => {
  assert.equal(completeOptions({ amqpPort: 0 }).amqpPort, 0)
  assert.equal(completeOptions({}).heartbeat, 60)
  assert.throws(() => completeOptions({ heartbeat: -1 }), /startBroker: heartbeat must be/)
  assert.throws(() => completeOptions({ amqPort: 1 } as object), /startBroker: .*amqPort/)
  for (const name of ['tlsCert', 'tlsKey', 'tlsClientCa'] as const) {
    assert.throws(() => completeOptions({ [name]: 'a.pem' }), /tlsCert and tlsKey belong together/)
  }
})

test('every setting has one name in each source', () => {
  assert.equal(settingName('maxMessageSize'), 'max-message-size')
  assert.equal(variableName('maxMessageSize'), 'PABAL_MAX_MESSAGE_SIZE')
})

test('TLS needs a certificate and its key, and what is about TLS needs them', async () => {
  const cert = { PABAL_TLS_CERT: 'c.pem' }
  await expectExit({ environment: cert }, exitCodes.config, /tls-cert and tls-key belong together/)
  for (const [name, value] of [
    ['PABAL_AMQP_TLS_PORT', '5671'],
    ['PABAL_TLS_CLIENT_CA', 'ca.pem'],
    ['PABAL_KAFKA_TLS_ADVERTISED', 'a:1'],
  ] as const) {
    const setting = name.slice('PABAL_'.length).toLowerCase().replaceAll('_', '-')
    const says = new RegExp(`${setting} needs a certificate: add --tls-cert FILE`)
    await expectExit({ environment: { [name]: value } }, exitCodes.config, says)
  }
  const off = { PABAL_AMQP_TLS_PORT: 'off' }
  assert.equal((await load({ environment: off })).options.amqpTlsPort, 'off')
})

test('what is about tokens needs somebody whose tokens are taken', async () => {
  const id = { PABAL_OAUTH_RESOURCE_SERVER_ID: 'mq' }
  const says = /oauth-resource-server-id needs an issuer: add --oauth-issuer URL or --oauth-jwks/
  await expectExit({ environment: id }, exitCodes.config, says)
  const issuer = { PABAL_OAUTH_ISSUER: 'https://login.example.com' }
  const { options } = await load({ environment: { ...id, ...issuer } })
  assert.equal(options.oauthResourceServerId, 'mq')
  assert.equal((await load({ environment: { PABAL_OAUTH_JWKS: 'a' } })).options.oauthJwks, 'a')
})

test('a listener for TLS is enough', async () => {
  const plain = { PABAL_AMQP_PORT: 'off', PABAL_KAFKA_PORT: 'off', PABAL_HTTP_PORT: 'off' }
  const tls = { PABAL_TLS_CERT: 'c.pem', PABAL_TLS_KEY: 'k.pem' }
  const { options } = await load({ environment: { ...plain, ...tls } })
  assert.equal(options.amqpTlsPort, 5671)
})

test('loadConfig() says of each setting that was given where it is from', async () => {
  const configFile = writeFile('amqp-port: 1\nhttp-port: 2\nhost: localhost')
  const { origins } = await load({
    configFile,
    environment: { PABAL_HTTP_PORT: '3', PABAL_AMQP_PORT: '3' },
    flags: new Map([['amqpPort', '4']]),
  })
  assert.deepEqual(Object.fromEntries(origins), {
    host: configFile,
    httpPort: 'PABAL_HTTP_PORT',
    amqpPort: '--amqp-port',
  })
})

test('findDataFolder() finds it whatever else is wrong, but for a name that nobody knows', async () => {
  const configFile = writeFile('data: of-file\namqp-port: wrong\nuser: alone')
  const find = (sources: Partial<ConfigSources>): Promise<string> =>
    findDataFolder({ ...nothing, ...sources })
  assert.equal(await find({ configFile }), path.resolve('of-file'))
  assert.equal(
    await find({ configFile, environment: { PABAL_DATA: '/of-variable' } }),
    '/of-variable',
  )
  assert.equal(await find({ configFile, flags: new Map([['data', '/of-flag']]) }), '/of-flag')
  assert.equal(await find({}), path.resolve('data'))
  const mistyped = writeFile('dta: x')
  await assert.rejects(find({ configFile: mistyped }), /unknown setting dta; did you mean data\?/)
})
