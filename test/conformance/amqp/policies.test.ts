// Policies as people set them, with the command, on a broker of its own, and what AMQP clients see of it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Channel, GetMessage } from 'amqplib'
import { exitCodes } from '../../../src/lib/exit-codes.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const mainFile = path.join(import.meta.dirname, '../../../src/main.ts')

let broker: TestBroker
let session: AmqpSession
let channel: Channel
before(async () => {
  broker = await TestBroker.start()
  await reconnect()
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

async function reconnect(): Promise<void> {
  session = await AmqpSession.open(broker.url)
  channel = await session.channel()
}

interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `pabal policy …` on the broker's data folder. */
async function run(...args: string[]): Promise<Ending> {
  const folder = ['--data', broker.dataFolder]
  const child = spawn(process.execPath, [mainFile, 'policy', ...args, ...folder])
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** The same, which must succeed. */
async function policy(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  assert.equal(code, 0, stderr)
  return stdout
}

async function setFor(queue: string, definition: object, ...flags: string[]): Promise<void> {
  await policy('set', queue, `^${queue}$`, JSON.stringify(definition), ...flags)
}

async function countOf(queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

async function queueWith(count: number, args: Record<string, unknown> = {}): Promise<string> {
  const { queue } = await channel.assertQueue(uniqueName('q'), { arguments: args })
  const confirming = await session.confirmChannel()
  for (let number = 0; number < count; number++) {
    confirming.sendToQueue(queue, Buffer.from(`m${number}`), { persistent: true })
  }
  await confirming.waitForConfirms()
  await confirming.close()
  return queue
}

async function bodiesOf(queue: string): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return bodies
    bodies.push(message.content.toString())
  }
}

describe('a policy on a queue that has messages', () => {
  it('drops what is over its length, at once', async () => {
    const queue = await queueWith(5)
    await setFor(queue, { 'max-length': 2 })
    assert.deepEqual(await bodiesOf(queue), ['m3', 'm4'])
  })

  it('drops what is over its bytes', async () => {
    const queue = await queueWith(5)
    await setFor(queue, { 'max-length-bytes': 4 })
    await waitFor('two are left', async () => (await countOf(queue)) === 2)
    assert.deepEqual(await bodiesOf(queue), ['m3', 'm4'])
  })

  it('lets them expire into the dead-letter exchange it names', async () => {
    const queue = await queueWith(2)
    const dead = await queueWith(0)
    await setFor(queue, {
      'message-ttl': 1,
      'dead-letter-exchange': '',
      'dead-letter-routing-key': dead,
    })
    await waitFor('both have moved', async () => (await countOf(dead)) === 2)
    assert.equal(await countOf(queue), 0)
  })

  it('makes it refuse what is over its length, also on routes that were in use', async () => {
    const queue = await queueWith(2)
    await setFor(queue, { 'max-length': 2, overflow: 'reject-publish' })
    const confirming = await session.confirmChannel()
    const refused = new Promise((resolve) => {
      confirming.sendToQueue(queue, Buffer.from('m2'), {}, resolve)
    })
    assert.match(String(await refused), /nacked/)
    assert.equal(await countOf(queue), 2)
    await policy('delete', queue, '--yes')
    await new Promise<void>((resolve, reject) => {
      confirming.sendToQueue(queue, Buffer.from('m3'), {}, (error: unknown) =>
        error ? reject(new Error('refused')) : resolve(),
      )
    })
  })

  it('ends a queue that nobody uses', async () => {
    const queue = await queueWith(1)
    await setFor(queue, { expires: 1 })
    await waitFor('it is gone', async () => {
      const other = await session.channel()
      try {
        await other.checkQueue(queue)
        return false
      } catch {
        return true
      }
    })
  })
})

it('the lower limit wins against the argument, and declaring again goes by the argument', async () => {
  const queue = await queueWith(0, { 'x-max-length': 3 })
  await setFor(queue, { 'max-length': 9 })
  for (const body of ['a', 'b', 'c', 'd', 'e']) channel.sendToQueue(queue, Buffer.from(body))
  await waitFor('three are left', async () => (await countOf(queue)) === 3)
  await setFor(queue, { 'max-length': 2 }, '--operator')
  assert.deepEqual(await bodiesOf(queue), ['d', 'e'])
  await channel.assertQueue(queue, { arguments: { 'x-max-length': 3 } })
})

it('a stream keeps no more than its policy says, at once', async () => {
  const { queue } = await channel.assertQueue(uniqueName('stream'), {
    arguments: { 'x-queue-type': 'stream' },
  })
  const confirming = await session.confirmChannel()
  for (let number = 0; number < 5; number++) {
    confirming.sendToQueue(queue, Buffer.alloc(1000))
    await confirming.waitForConfirms()
  }
  assert.equal(await countOf(queue), 5)
  await setFor(queue, { 'max-length-bytes': 2500 }, '--apply-to', 'streams')
  await waitFor('the oldest are gone', async () => (await countOf(queue)) <= 3)
  assert.ok((await countOf(queue)) > 0)
})

it('a quorum queue has the delivery limit and the delay of its policy', async () => {
  const queue = await queueWith(1, { 'x-queue-type': 'quorum' })
  const take = async (): Promise<GetMessage> => {
    const message = await waitFor('it is ready', () => channel.get(queue))
    return message as GetMessage
  }
  channel.nack(await take())
  const retry = { 'delayed-retry-type': 'all', 'delayed-retry-min': 200 }
  await setFor(queue, { 'delivery-limit': 2, ...retry }, '--apply-to', 'quorum_queues')
  const second = await take()
  const backAt = performance.now()
  channel.nack(second)
  const third = await take()
  assert.ok(performance.now() - backAt > 150, 'it waited')
  assert.equal(third.properties.headers?.['x-delivery-count'], 2)
  channel.nack(third)
  await waitFor('it is gone', async () => (await countOf(queue)) === 0)
})

it('a queue that is declared later has it from the start', async () => {
  const queue = uniqueName('later')
  await setFor(queue, { 'max-length': 1 })
  await channel.assertQueue(queue)
  for (const body of ['a', 'b']) channel.sendToQueue(queue, Buffer.from(body))
  await waitFor('one is left', async () => (await countOf(queue)) === 1)
  assert.deepEqual(await bodiesOf(queue), ['b'])
})

it('an exchange sends what nothing is bound for to the alternate of its policy', async () => {
  const { queue } = await channel.assertQueue(uniqueName('alternate'))
  const [exchange, alternate] = [uniqueName('x'), uniqueName('ae')]
  await channel.assertExchange(alternate, 'fanout')
  await channel.bindQueue(queue, alternate, '')
  await channel.assertExchange(exchange, 'direct')
  channel.publish(exchange, 'k', Buffer.from('lost'))
  await setFor(exchange, { 'alternate-exchange': alternate }, '--apply-to', 'exchanges')
  channel.publish(exchange, 'k', Buffer.from('found'))
  await waitFor('it is there', async () => (await countOf(queue)) === 1)
  assert.deepEqual(await bodiesOf(queue), ['found'])
})

describe('policies after a restart', () => {
  for (const [how, stop] of [
    ['a stop', async () => assert.equal(await broker.stop(), 0)],
    ['kill -9', () => broker.kill()],
  ] as const) {
    it(`are those that were set before ${how}, and the next ones can be set`, async () => {
      const queue = await queueWith(1)
      await setFor(queue, { 'max-length': 2, overflow: 'reject-publish' })
      await setFor(queue, { 'max-length': 1 }, '--operator')
      await policy('set', 'gone', '^gone$', '{"max-length":0}', '--priority', '9')
      await policy('delete', 'gone', '--yes')
      const [before, operators] = [
        await policy('list', '-o', 'json'),
        await policy('list', '--operator'),
      ]
      await stop()
      assert.equal(existsSync(path.join(broker.dataFolder, 'pabal.sock')), how === 'kill -9')
      await broker.restart()
      await reconnect()
      assert.equal(await policy('list', '-o', 'json'), before)
      assert.equal(await policy('list', '--operator'), operators)
      const confirming = await session.confirmChannel()
      const refused = new Promise((resolve) => {
        confirming.sendToQueue(queue, Buffer.from('more'), {}, resolve)
      })
      assert.match(String(await refused), /nacked/)
      assert.equal(await countOf(queue), 1)
      await policy('delete', queue, '--operator', '--yes')
    })
  }
})

it('a limit of bytes counts what was in the queue before a restart', async () => {
  const queue = await queueWith(3, { 'x-max-length-bytes': 6 })
  await broker.kill()
  await broker.restart()
  await reconnect()
  channel.sendToQueue(queue, Buffer.from('m3'))
  await waitFor('the oldest is gone', async () => (await bodyCountOf(queue)) === '3 m1')
})

/** How many there are, and the first of them, which stays. */
async function bodyCountOf(queue: string): Promise<string> {
  const message = await channel.get(queue)
  if (message === false) return 'none'
  channel.nack(message)
  return `${message.fields.messageCount + 1} ${message.content.toString()}`
}

describe('the command', () => {
  it('shows what there is, for people and for programs', async () => {
    const definition = { 'max-length': 7 }
    await policy('set', 'shown', '^shown', JSON.stringify(definition), '--priority', '-1.5')
    assert.equal(
      await policy('show', 'shown'),
      'vhost       /\nname        shown\npattern     ^shown\napply-to    all\n' +
        'priority    -1.5\ndefinition  {"max-length":7}\n',
    )
    const shown = JSON.parse(await policy('show', 'shown', '-o', 'json')) as unknown
    assert.deepEqual(shown, {
      vhost: '/',
      name: 'shown',
      pattern: '^shown',
      'apply-to': 'all',
      definition,
      priority: -1.5,
    })
    const listed = JSON.parse(await policy('list', '--vhost', '/', '-o', 'json')) as unknown[]
    assert.deepEqual(listed.at(-1), shown)
  })

  for (const name of [
    'a/b',
    '...',
    '../x',
    '%2e%2e',
    'a b?#',
    '\u{1f407}',
    '\u{1f407}'.repeat(256),
  ]) {
    it(`sets, shows and deletes one called ${JSON.stringify(name.slice(0, 10))}`, async () => {
      await policy('set', name, '^odd$', '{"max-length":7}')
      const shown = JSON.parse(await policy('show', name, '-o', 'json')) as { name: string }
      assert.equal(shown.name, name)
      assert.equal(await policy('delete', name, '--yes'), `Policy '${name}' was deleted\n`)
    })
  }

  it('prints a name that moves the cursor with its escapes in letters', async () => {
    const [name, printed] = [
      '\u001b[2J\n\u009b\u202e\u007f',
      String.raw`\u001b[2J\n\u009b\u202e\u007f`,
    ]
    const definition = '{"max-length":7}'
    assert.equal(await policy('set', name, '^odd$', definition), `Policy '${printed}' was added\n`)
    const json = await policy('show', name, '-o', 'json')
    assert.ok(json.includes(`"name":"${printed}"`), json)
    assert.equal((JSON.parse(json) as { name: string }).name, name)
    assert.equal(await policy('delete', name, '--yes'), `Policy '${printed}' was deleted\n`)
    const { code, stderr } = await run('show', name)
    assert.equal(code, exitCodes.noInput)
    const inOneLine = printed.replace(String.raw`\n`, ' ')
    assert.ok(stderr.startsWith(`pabal: there is no policy '${inOneLine}' in virtual`), stderr)
  })

  const refusals: readonly [string[], number, RegExp][] = [
    [['show', '..'], exitCodes.usage, /the policy cannot be called '\.\.'/],
    [['set', '', '.*', '{"max-length":1}'], exitCodes.usage, /the name of the policy is empty/],
    [['list', '--vhost', ''], exitCodes.usage, /the name of the virtual host is empty/],
    [['show', 'none'], exitCodes.noInput, /^pabal: there is no policy 'none' in virtual host '\/'/],
    [['delete', 'none', '--operator'], exitCodes.noInput, /there is no operator policy 'none'/],
    [['list', '--vhost', 'none'], exitCodes.noInput, /there is no virtual host 'none'/],
    [
      ['set', 'p', '.*', '{"max-length":1}', '--vhost', 'none'],
      exitCodes.noInput,
      /'p' was not set: there is no such virtual host/,
    ],
    [
      ['set', 'p', '(', '{"foo":1}'],
      exitCodes.usage,
      /'p' was not set: \[\{<<"foo">>,1\}\] are not recognised policy settings; pattern should be/,
    ],
  ]
  for (const [args, exitCode, text] of refusals) {
    it(`ends with ${exitCode} after ${args.slice(0, 2).join(' ')}, and says why in a line`, async () => {
      const { code, stdout, stderr } = await run(...args)
      assert.deepEqual([code, stdout, stderr.split('\n').length], [exitCode, '', 2])
      assert.match(stderr, text)
    })
  }

  it('says so when no broker runs', async () => {
    const { code, stderr } = await run('list', '--data', path.join(broker.dataFolder, 'none'))
    // Of a flag that is given twice the last counts, so this asks the broker.
    assert.equal(code, 0, stderr)
    const child = spawn(process.execPath, [mainFile, 'policy', 'list', '--data', '/nowhere'])
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part))
    const [exitCode] = (await once(child, 'close')) as [number]
    assert.equal(exitCode, exitCodes.unavailable)
    assert.match(text, /^pabal: no broker runs on data folder '\/nowhere' \(ENOENT\): start one, /)
  })
})
