import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { openTerminalDouble, type TerminalDouble } from '../../test/support/terminal-double.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerFlags, Login } from './broker-place.ts'
import { readCommandLine } from './command-line.ts'
import { findPlace } from './find-broker.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pabal-contexts-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const contextsFile = path.join(folder, 'pabal/contexts.yaml')

function fileOf(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

const secretFile = fileOf('secret', 'of file\n')
const tokenFile = fileOf('token', 'e.y.J\n')

let terminal: TerminalDouble
beforeEach(() => {
  terminal = openTerminalDouble()
  rmSync(path.dirname(contextsFile), { recursive: true, force: true })
})

async function pabal(line: string): Promise<void> {
  const given = await readCommandLine(line.split(' '))
  assert.ok(given.run, line)
  const environment = { XDG_CONFIG_HOME: folder }
  assert.equal(await given.run({ broker: {}, ...given, terminal, environment }), 0)
}

interface Found {
  /** Folder or URL. */
  readonly where: string
  readonly login?: Login | undefined
}

async function find(
  flags: BrokerFlags,
  environment: Readonly<Record<string, string>> = {},
): Promise<Found> {
  const place = await findPlace(
    {
      terminal,
      environment: { XDG_CONFIG_HOME: folder, ...environment },
      flags: new Map(flags.data === undefined ? [] : [['data', flags.data]]),
      configFile: undefined,
      broker: flags,
    },
    flags,
  )
  if ('folder' in place) return { where: place.folder }
  return { where: place.url.href, login: place.login }
}

const guest = { user: 'guest', password: 'guest' }

test('flags win over variables, variables over the context in use, that over the data folder', async () => {
  const home = path.resolve('data')
  assert.deepEqual(await find({}), { where: home })
  await pabal('context add shop --url http://127.0.0.1:1 --use')
  await pabal('context add here --data /here')
  assert.deepEqual(await find({}), { where: 'http://127.0.0.1:1/', login: guest })
  assert.deepEqual(await find({}, { PABAL_DATA: '/other' }), { where: '/other' })
  assert.deepEqual(await find({}, { PABAL_CONTEXT: 'here', PABAL_DATA: '/other' }), {
    where: '/here',
  })
  const variables = { PABAL_URL: 'http://localhost:2', PABAL_CONTEXT: 'here' }
  assert.deepEqual(await find({}, variables), { where: 'http://localhost:2/', login: guest })
  assert.deepEqual(await find({ context: 'here' }, variables), { where: '/here' })
  assert.deepEqual(await find({ data: '/flag' }, variables), { where: '/flag' })
  assert.deepEqual(await find({ url: 'http://[::1]:3' }, variables), {
    where: 'http://[::1]:3/',
    login: guest,
  })
  await pabal('context delete shop')
  assert.deepEqual(await find({}), { where: home })
})

test('the login comes from flags, from the URL, from variables, then from the context', async () => {
  await pabal(`context add shop --url https://shop --user app --password-file ${secretFile}`)
  const context = { context: 'shop' }
  const logins: readonly [BrokerFlags, Record<string, string>, Login | undefined][] = [
    [context, {}, { user: 'app', password: 'of file' }],
    [context, { PABAL_PASSWORD: 'v' }, { user: 'app', password: 'v' }],
    [context, { PABAL_USER: 'u', PABAL_PASSWORD: 'v' }, { user: 'u', password: 'v' }],
    [context, { PABAL_TOKEN: 't' }, { token: 't' }],
    [{ ...context, tokenFile }, { PABAL_PASSWORD: 'v' }, { token: 'e.y.J' }],
    [
      { ...context, user: 'f' },
      { PABAL_TOKEN: 't', PABAL_PASSWORD: 'v' },
      { user: 'f', password: 'v' },
    ],
    [
      { ...context, user: 'f', passwordFile: secretFile },
      { PABAL_PASSWORD: 'v' },
      { user: 'f', password: 'of file' },
    ],
    [{}, { PABAL_URL: 'https://u%40:p%2F@a', PABAL_USER: 'v' }, { user: 'u@', password: 'p/' }],
    [{ url: 'https://a' }, {}, undefined],
  ]
  for (const [flags, environment, login] of logins) {
    assert.deepEqual(
      (await find(flags, environment)).login,
      login,
      JSON.stringify({ flags, environment }),
    )
  }
  assert.deepEqual(terminal.told, ['Use it with pabal context use shop'])
})

test('the password of a context goes to nobody but its user', async () => {
  await pabal(`context add shop --url https://shop --user app --password-file ${secretFile}`)
  await assert.rejects(find({ context: 'shop', user: 'other' }), /'other' needs a password/)
  terminal = openTerminalDouble(['typed'])
  const { login } = await find({ context: 'shop', user: 'other' })
  assert.deepEqual(login, { user: 'other', password: 'typed' })
})

test('a login that goes over the network unencrypted is told', async () => {
  await find({ url: 'http://shop', user: 'app', passwordFile: secretFile })
  await find({ url: 'http://127.0.0.1', user: 'app', passwordFile: secretFile })
  assert.deepEqual(terminal.told, [
    'The login goes to shop unencrypted; use https:// where you can',
  ])
})

test('what contradicts itself or means nothing is refused', async () => {
  const wrong: readonly [BrokerFlags, RegExp][] = [
    [{ url: 'http://a', data: 'b' }, /give one of --url, --context and --data/],
    [{ url: 'localhost:15672' }, /is no URL of a broker: use one like/],
    [{ url: 'https://a:b@c' }, /a password in --url is seen by everyone/],
    [{ context: 'shp' }, /there is no context 'shp'; did you mean shop\?/],
    [{ data: 'x', user: 'a' }, /--user is for a broker at a --url/],
    [{ data: 'x', tlsCa: 'a' }, /--tls-ca is for a broker at a --url/],
    [{ url: 'https://a', user: 'a', tokenFile }, /give --token-file, or --user/],
    [{ url: 'https://a', tokenFile: contextsFile }, /does not hold one token/],
  ]
  await pabal('context add shop --url https://shop')
  for (const [flags, message] of wrong) {
    await assert.rejects(find(flags), (error) => {
      assert.ok(error instanceof ExitError)
      assert.match(error.message, message)
      return true
    })
  }
})

test('contexts are for their owner only, with a password only where it was asked for', async () => {
  await pabal(`context add a --url https://a --user app --password-file ${secretFile}`)
  assert.doesNotMatch(readFileSync(contextsFile, 'utf8'), /of file/)
  assert.equal(statSync(contextsFile).mode & 0o777, 0o600)
  chmodSync(contextsFile, 0o644)
  await pabal('context list')
  assert.doesNotMatch(terminal.told.join(), /others may read/)
  const store = `--user app --password-file ${secretFile} --store-password`
  await pabal(`context add b --url https://b ${store}`)
  assert.match(readFileSync(contextsFile, 'utf8'), /password: of file/)
  assert.equal(statSync(contextsFile).mode & 0o777, 0o600)
  assert.deepEqual((await find({ context: 'b' })).login, { user: 'app', password: 'of file' })
  chmodSync(contextsFile, 0o640)
  terminal.printed.length = 0
  await pabal('context list -o wide')
  assert.match(terminal.told.join(), /has passwords in it and others may read it: chmod 600/)
  assert.doesNotMatch(terminal.printed.join(), /of file/)
})

test('a damaged file of contexts is named with what is wrong', async () => {
  mkdirSync(path.dirname(contextsFile))
  for (const [text, message] of [
    ['contexts: [', /contexts\.yaml: /],
    ['curent: a', /unknown key curent; did you mean current\?/],
    ['contexts: {a: {url: 1}}', /url of context a is no text/],
    ['contexts: {a: {}}', /context a needs either data or url/],
    ['current: b', /there is no context 'b'/],
    ['- a', /the file does not consist of "name: value"/],
  ] as const) {
    writeFileSync(contextsFile, text)
    await assert.rejects(find({}), message)
  }
})
