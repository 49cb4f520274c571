// Users, virtual hosts and permissions as people set them, with the commands, on a broker of its own; and
// that they are there after a restart.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, it } from 'node:test'
import { connect } from 'amqplib'
import { exitCodes } from '../../../src/lib/exit-codes.ts'
import { RawClient } from '../../support/raw-client.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

const mainFile = path.join(import.meta.dirname, '../../../src/main.ts')

let broker: TestBroker
before(async () => {
  broker = await TestBroker.start()
})
after(() => broker[Symbol.asyncDispose]())

/** `pabal …` on the broker's data folder: what it says, and how it ends when that is not well. */
async function run(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [mainFile, ...args, '--data', broker.dataFolder])
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => (text += part))
  }
  const [code] = (await once(child, 'close')) as [number | null]
  return code === exitCodes.ok ? text.trim() : `${code}: ${text.trim()}`
}

function passwordFile(password: string): string[] {
  const file = path.join(broker.dataFolder, '..', `${path.basename(broker.dataFolder)}-password`)
  writeFileSync(file, password)
  return ['--new-password-file', file]
}

async function answerTo(password: string, vhost: string): Promise<string> {
  const options = { user: 'app', password, vhost }
  await using client = await RawClient.authenticate(broker.port, options)
  const frame = await client.next()
  if (frame.kind !== 'method' || frame.name === 'connection.close') return 'no login'
  const connection = await connect(`amqp://app:${password}@127.0.0.1:${broker.port}/${vhost}`)
  await connection.close()
  return 'open'
}

it('a user, a virtual host and permissions', async () => {
  assert.match(await run('user', 'add', 'app'), /a user needs a password/)
  const added = await run('user', 'add', 'app', ...passwordFile('one'), '--tags', 'monitoring')
  assert.equal(
    added,
    `User 'app' was added\nWhat it may do is said with pabal permission set --data ${broker.dataFolder}`,
  )
  assert.match(await run('user', 'add', 'app', ...passwordFile('x')), /there is a user 'app'/)
  assert.match(await run('user', 'list'), /^name\s+tags\s+limits\napp\s+monitoring\nguest/)
  assert.equal(await run('vhost', 'add', 'v'), "Virtual host 'v' was added")
  const set = ['permission', 'set', 'app', '.*', '.*', '.*', '--vhost', 'v']
  assert.equal(await run(...set), "Permissions of user 'app' were set, and are in force")
  assert.match(await run('permission', 'set', 'app', '(', '', ''), /pattern '\(' cannot be used/)
  assert.match(
    await run('permission', 'set', 'apq', '', '', ''),
    /permissions of 'apq' were not set: there is no user 'apq'; did you mean 'app'\?$/,
  )
  assert.match(
    await run('permission', 'set-topic', 'app', 'e', '', '', '--vhost', 'w'),
    /: there is no virtual host 'w'; see pabal vhost list --data \S+$/,
  )
  assert.match(await run('permission', 'list', '--vhost', 'v'), /^vhost .*\nv +app .*\nv +guest /)
  assert.match(await run('permission', 'list', '--vhost', 'w'), /there is no virtual host 'w'/)
  assert.equal(
    await run('permission', 'list-topics', '--vhost', 'v'),
    "There are no topic permissions in virtual host 'v'",
  )
  assert.equal(await answerTo('one', 'v'), 'open')
  await run('user', 'password', 'app', ...passwordFile('two'))
  assert.equal(await run('user', 'tags', 'app'), "User 'app' has no tags from the next login on")
  await run('user', 'tags', 'app', 'management')
  assert.equal(await answerTo('one', 'v'), 'no login')
  assert.equal(await answerTo('two', 'v'), 'open')
})

it('limits and topic permissions', async () => {
  const limited = await run('user', 'limit', 'app', 'max-connections', '0')
  assert.equal(limited, "The limit max-connections of user 'app' is 0 now")
  await assert.rejects(answerTo('two', 'v'), /ConnectionClose/)
  await run('user', 'limit', 'app', 'max-connections', 'none')
  assert.equal(await answerTo('two', 'v'), 'open')
  assert.match(
    await run('user', 'limit', 'app', 'odd', '1'),
    /Unrecognised terms \[\{<<"odd">>,\d+\}\] .*; see pabal user limit --help/,
  )
  assert.match(await run('user', 'limit', 'app', 'max-channels', '1.5'), /'1.5' is no limit/)
  assert.match(await run('user', 'limit', 'none', 'max-channels', '1'), /there is no user 'none'/)
  const ofVHost = await run('vhost', 'limit', 'v', 'max-queues', '-1')
  assert.equal(ofVHost, "The limit max-queues of virtual host 'v' is -1 now")
  assert.match(await run('vhost', 'limits'), /^vhost\s+limits\nv\s+max-queues=-1$/)
  const topic = ['permission', 'set-topic', 'app', 'amq.topic', '^{username}', '.*', '--vhost', 'v']
  assert.equal(
    await run(...topic),
    "Topic permissions of user 'app' on exchange 'amq.topic' were set",
  )
  assert.match(
    await run('permission', 'list-topics'),
    /\nv\s+app\s+amq.topic\s+\^\{username\}\s+\.\*$/,
  )
  assert.match(
    await run('permission', 'clear-topic', 'app', 'other', '--vhost', 'v', '--yes'),
    /no topic permissions of user 'app' on exchange 'other' found/,
  )
  const clear = ['permission', 'clear-topic', 'app', 'amq.topic', '--vhost', 'v', '--yes']
  assert.equal(
    await run(...clear),
    "Deleted: topic permissions of user 'app' on exchange 'amq.topic'",
  )
  assert.match(
    await run(...clear),
    /no topic permissions of user 'app' on exchange 'amq.topic' found; see pabal permission list-topics/,
  )
})

it('the help of limits names those that there are', async () => {
  for (const kind of ['user', 'vhost']) {
    const help = await run(kind, 'limit', '--help')
    const names = [...help.matchAll(/^ {2}(max-[a-z-]+) /gm)].map(([, name]) => name!)
    assert.equal(names.length, 4, help)
    const name = kind === 'user' ? 'app' : 'v'
    for (const limit of names) {
      assert.match(await run(kind, 'limit', name, limit, 'none'), / is none now$/)
    }
  }
})

it('are there after a restart', async () => {
  await broker.stop()
  await broker.restart()
  assert.equal(await answerTo('two', 'v'), 'open')
  assert.match(
    await run('user', 'list', '--output', 'json'),
    /"name":"app".*"tags":\["management"\]/,
  )
  assert.match(await run('permission', 'list'), /\nv\s+app\s+\.\*\s+\.\*\s+\.\*$/m)
})

it('can be taken away', async () => {
  const all = "virtual host 'v' and all in it, with 0 queues"
  assert.match(
    await run('vhost', 'delete', 'v', '--dry-run'),
    new RegExp(`^Would delete ${all}\nNothing was changed`),
  )
  assert.equal(
    await run('vhost', 'delete', 'v'),
    `64: pabal: this would delete ${all}: say --yes where nobody can be asked`,
  )
  assert.match(
    await run('user', 'delete', 'guest', '--yes'),
    /user 'guest' is that of the settings/,
  )
  assert.match(await run('vhost', 'delete', '/', '--yes'), /vhost '\/' cannot be deleted/)
  assert.match(
    await run('vhost', 'delete', 'none', '--yes'),
    /there is no virtual host 'none'; see/,
  )
  assert.equal(await run('vhost', 'delete', 'v', '--yes'), "Deleted: virtual host 'v'")
  assert.match(
    await run('permission', 'clear', 'app', '--vhost', 'v', '--yes'),
    /no permissions of user 'app' in virtual host 'v' found/,
  )
  assert.equal(await run('user', 'delete', 'app', '--yes'), "Deleted: user 'app'")
  assert.equal(await answerTo('two', 'v'), 'no login')
})
