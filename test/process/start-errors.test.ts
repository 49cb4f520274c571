// Whatever keeps the broker from starting is one line on stderr that says what to do, and an exit code
// of sysexits(3).
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const names = ['amqp', 'http', 'kafka', 'metrics', 'mqtt', 'mqtt-ws', 'stomp', 'stomp-ws']
const freePorts = names.flatMap((name) => [`--${name}-port`, '0'])

interface Expected {
  readonly code: number
  readonly says: RegExp
}

async function expectRefusal(
  run: { folder: ScratchFolder; args?: readonly string[]; environment?: Record<string, string> },
  { code, says }: Expected,
): Promise<void> {
  await using program = BrokerProgram.run(run.folder, run.args ?? freePorts, run.environment)
  const ending = await program.ended()
  assert.match(program.stderr, says)
  assert.equal(program.stderr.trimEnd().split('\n').length, 1, `one line:\n${program.stderr}`)
  assert.equal(ending.code, code)
  assert.ok(!program.stdout.includes('Server startup complete'))
}

for (const [name, args, expected] of [
  ['a flag that does not exist', ['--amqp-prot', '1'], { code: 64, says: /--amqp-port/ }],
  ['a command that does not exist', ['verfy'], { code: 64, says: /did you mean verify\?/ }],
  ['a bad value of a flag', ['--durability', 'no'], { code: 64, says: /one of fsync, os/ }],
  ['a host beyond loopback', ['--host', '0.0.0.0'], { code: 78, says: /--user NAME/ }],
  ['a host of another machine', ['--host', '192.0.2.1'], { code: 78, says: /--user NAME/ }],
  ['a missing file', ['--config', 'none.yaml'], { code: 66, says: /none\.yaml/ }],
  [
    'missing definitions',
    ['--definitions', 'none.json'],
    { code: 66, says: /cannot read definitions file none\.json/ },
  ],
  [
    'a missing certificate',
    ['--tls-cert', 'none.pem', '--tls-key', 'none.pem'],
    { code: 66, says: /cannot read TLS certificate none\.pem/ },
  ],
  ['a certificate without its key', ['--tls-cert', 'c.pem'], { code: 78, says: /--tls-key FILE/ }],
] satisfies [string, string[], Expected][]) {
  test(`the broker refuses ${name}`, async () => {
    using folder = new ScratchFolder()
    await expectRefusal({ folder, args }, expected)
  })
}

test('the broker refuses definitions that are none, and says where', async () => {
  using folder = new ScratchFolder()
  writeFileSync(folder.file('bad.json'), '{"users":[{"name":"a"}]}')
  const args = [...freePorts, '--definitions', 'bad.json']
  const says = /^pabal: definitions file bad\.json: users\[0\] has no tags$/m
  await expectRefusal({ folder, args }, { code: 78, says })
})

test('the broker refuses names and passwords whose bytes are no text', async () => {
  using folder = new ScratchFolder()
  writeFileSync(folder.file('latin-1'), Buffer.from('{"vhosts":[{"name":"\xe9"}]}', 'latin1'))
  for (const [what, flags] of [
    ['definitions file', ['--definitions', 'latin-1']],
    ['password file', ['--user', 'a', '--password-file', 'latin-1']],
  ] as const) {
    const says = new RegExp(`^pabal: ${what} latin-1 is not UTF-8: save it as that$`, 'm')
    await expectRefusal({ folder, args: [...freePorts, ...flags] }, { code: 78, says })
  }
})

test('the broker refuses a bad variable', async () => {
  using folder = new ScratchFolder()
  const environment = { PABAL_DURABILITY: 'x' }
  await expectRefusal({ folder, environment }, { code: 78, says: /PABAL_DURABILITY=x: must be/ })
})

test('a broker with nothing to listen on is refused', async () => {
  using folder = new ScratchFolder()
  const args = names.flatMap((name) => [`--${name}-port`, 'off'])
  await expectRefusal({ folder, args }, { code: 78, says: /every listener is off/ })
})

test('the broker refuses a bad line of pabal.yaml', async () => {
  using folder = new ScratchFolder()
  writeFileSync(folder.file('pabal.yaml'), 'heartbeat: often\n')
  await expectRefusal({ folder }, { code: 78, says: /pabal\.yaml: heartbeat/ })
})

for (const service of ['amqp', 'http'] as const) {
  test(`a busy ${service} port is named with the flag that picks another`, async () => {
    using folder = new ScratchFolder()
    const readyFile = folder.file('ready.json')
    const first = ['--data', folder.file('a'), '--ready-file', readyFile, ...freePorts]
    await using running = BrokerProgram.run(folder, first)
    const port = (await running.ready(readyFile))[service]?.port
    const second = ['--data', folder.file('b'), ...freePorts, `--${service}-port`, String(port)]
    const says = new RegExp(`127\\.0\\.0\\.1:${port} is in use.*--${service}-port`)
    await expectRefusal({ folder, args: second }, { code: 69, says })
  })
}

test('a data folder that cannot be made is refused', async () => {
  using folder = new ScratchFolder()
  writeFileSync(folder.file('plain'), '')
  const args = ['--data', folder.file('plain/data'), ...freePorts]
  await expectRefusal({ folder, args }, { code: 73, says: /plain.*--data/ })
})

test('a data folder that is a file is refused', async () => {
  using folder = new ScratchFolder()
  writeFileSync(folder.file('plain'), '')
  const args = ['--data', folder.file('plain'), ...freePorts]
  await expectRefusal({ folder, args }, { code: 73, says: /plain.*--data/ })
})

const isRoot = process.getuid?.() === 0

// Root writes everywhere, so this says nothing when root runs the tests.
if (!isRoot) {
  test('a data folder without write permission is refused', async () => {
    using folder = new ScratchFolder()
    mkdirSync(folder.file('data'))
    chmodSync(folder.file('data'), 0o500)
    await expectRefusal({ folder }, { code: 73, says: /--data/ })
  })
}

test('a second broker on the same data folder is refused, and the first goes on', async () => {
  using folder = new ScratchFolder()
  const readyFile = folder.file('ready.json')
  await using running = BrokerProgram.run(folder, ['--ready-file', readyFile, ...freePorts])
  const { http } = await running.ready(readyFile)
  await expectRefusal({ folder }, { code: 75, says: /another broker/ })
  const response = await fetch(`http://127.0.0.1:${http?.port}/health/ready`)
  assert.equal(response.status, 200)
})

test('a ready file that would replace a pipe or a folder is refused', async () => {
  using folder = new ScratchFolder()
  mkdirSync(folder.file('taken'))
  const args = [...freePorts, '--ready-file', folder.file('taken')]
  await expectRefusal({ folder, args }, { code: 73, says: /taken.*no file/ })
  assert.ok(existsSync(folder.file('taken')))
})

test('a ready file that cannot be written is refused', async () => {
  using folder = new ScratchFolder()
  const args = [...freePorts, '--ready-file', folder.file('no/such/folder')]
  await expectRefusal({ folder, args }, { code: 73, says: /ready file/ })
})
