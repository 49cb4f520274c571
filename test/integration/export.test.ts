// Exports by HTTP and what is published of them again, beside real clients.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BothClients } from '../support/both-clients.ts'
import { type Outcome, pabal } from '../support/pabal-command.ts'
import { within } from '../support/wait-for.ts'

const folder = mkdtempSync(join(tmpdir(), 'pabal-export-'))
const data = join(folder, 'data')
let clients: BothClients
before(async () => {
  clients = await BothClients.open(data, { httpPort: 0 })
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Has to succeed. */
async function run(...words: readonly string[]): Promise<Outcome> {
  const outcome = await pabal([...words, '--data', data])
  assert.equal(outcome.code, 0, outcome.talk.join('\n'))
  return outcome
}

interface Line {
  readonly offset: number
  readonly payload: string
  readonly payload_encoding: string
  readonly properties: Readonly<Record<string, unknown>>
}

function readLines(text: string): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

const contentOf = ({ payload, payload_encoding, properties }: Line): unknown => ({
  payload,
  payload_encoding,
  properties,
})

test('what was exported of a queue and of a topic is imported with all its properties', async () => {
  const { channel, admin, producer } = clients
  await channel.assertQueue('from')
  await channel.assertQueue('to')
  channel.sendToQueue('from', Buffer.from('text'), {
    persistent: true,
    contentType: 'text/plain',
    messageId: 'm-1',
    timestamp: 1_700_000_000,
    priority: 3,
    headers: {
      byte: { '!': 'byte', value: 5 },
      long: { '!': 'long', value: 5 },
      double: 5,
      time: { '!': 'timestamp', value: 1_700_000_000 },
      decimal: { '!': 'decimal', value: { places: 2, digits: 314 } },
      bytes: Buffer.from([0xff, 0]),
      list: [1, 'two', { three: null }],
    },
  })
  channel.sendToQueue('from', Buffer.from([0xff, 0xfe]), { persistent: true })
  await channel.waitForConfirms()
  await admin.createTopics({ topics: [{ topic: 'records', numPartitions: 2 }] })
  const messages = [0, 1].map((partition) => ({
    partition,
    key: `key ${partition}`,
    value: Buffer.from([partition, 0xff]),
    headers: { trace: Buffer.from([0xfe]) },
  }))
  await producer.send({ topic: 'records', messages })
  for (const [name, other] of [
    ['from', 'to'],
    ['records', 'to'],
  ] as const) {
    const file = join(folder, `${name}.ndjson`)
    const exported = await run('export', name, file)
    assert.match(exported.talk.join(), /2 messages were exported/)
    const lines = readLines(readFileSync(file, 'utf8'))
    assert.equal(lines.length, 2)
    assert.match((await run('import', other, file)).out.join(), /2 messages were imported/)
    const again = readLines((await run('export', other)).out.join(''))
    assert.deepEqual(again.map(contentOf), lines.map(contentOf))
    await channel.purgeQueue('to')
    await run('publish', other, '--file', file, '--format', 'ndjson')
    const { messageCount } = await channel.checkQueue('to')
    assert.equal(messageCount, 2)
    await channel.purgeQueue('to')
  }
})

test('a range, a limit and a filter are heeded', async () => {
  const { channel } = clients
  await channel.assertQueue('some')
  for (let n = 0; n < 300; n++) channel.sendToQueue('some', Buffer.from(`${n}`))
  await channel.waitForConfirms()
  const payloads = async (...flags: readonly string[]): Promise<string[]> => {
    const { out } = await run('export', 'some', ...flags)
    return out.length === 0 ? [] : readLines(out.join('')).map(({ payload }) => payload)
  }
  assert.equal((await payloads()).length, 300)
  assert.deepEqual(await payloads('--from', '5', '--to', '8'), ['5', '6', '7'])
  assert.deepEqual(await payloads('--from', '298', '--limit', '1'), ['298'])
  assert.equal((await payloads('--text', '29')).length, 13)
  assert.deepEqual(await payloads('--to', '1h'), [])
  const wrong = await pabal(['export', 'some', '--to', 'last', '--data', data])
  assert.deepEqual([wrong.code, /to: no such place/.test(wrong.talk.join())], [64, true])
  const missing = await pabal(['export', 'sone', '--data', data])
  assert.deepEqual([missing.code, /did you mean/.test(missing.talk.join())], [66, true])
})

test('a file that is there is written over only when that is meant', async () => {
  const file = join(folder, 'mine')
  writeFileSync(file, 'mine')
  const refused = await pabal(['export', 'some', file, '--data', data])
  assert.equal(refused.code, 64)
  assert.equal(readFileSync(file, 'utf8'), 'mine')
  await run('export', 'some', file, '--yes')
  assert.equal(readLines(readFileSync(file, 'utf8')).length, 300)
})

test('a large payload is exported whole, and refused by an import, which says where it goes on', async () => {
  const { channel } = clients
  await channel.assertQueue('large')
  const large = Buffer.alloc(5_000_001, 'large')
  for (const payload of [Buffer.from('small'), large]) channel.sendToQueue('large', payload)
  await channel.waitForConfirms()
  const file = join(folder, 'large.ndjson')
  await run('export', 'large', file)
  const [, line] = readLines(readFileSync(file, 'utf8'))
  assert.ok(Buffer.from(line!.payload, 'base64').equals(large))
  const refused = await pabal(['import', 'to', file, '--data', data])
  assert.equal(refused.code, 65)
  assert.match(refused.talk.join(), /message 2 .* too large/)
})

test('an import that is refused says where it goes on', async () => {
  const { channel } = clients
  await channel.assertQueue('narrow', {
    arguments: { 'x-max-length': 2, 'x-overflow': 'reject-publish' },
  })
  const file = join(folder, 'three.ndjson')
  writeFileSync(file, ['{"payload":"a"}', '{"payload":"b"}', '{"payload":"c"}'].join('\n'))
  const refused = await pabal(['import', 'narrow', file, '--data', data])
  assert.equal(refused.code, 75)
  assert.match(refused.talk.join(), /message 3 was not imported .*--skip 2/)
  await channel.purgeQueue('narrow')
  assert.match((await run('import', 'narrow', file, '--skip', '2')).out.join(), /1 message was/)
})

test('an export of a queue that is deleted meanwhile breaks off', async () => {
  const { channel } = clients
  await channel.assertQueue('doomed')
  const body = Buffer.alloc(100_000, 'x')
  for (let n = 0; n < 300; n++) channel.sendToQueue('doomed', body)
  await channel.waitForConfirms()
  const { port } = clients.broker.addresses['http']!
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  const path = '/api/v1/streams/%2F/doomed/export'
  get({ port, path, auth: 'guest:guest', agent: false }, resolve)
  const response = await within('it begins', promise)
  assert.equal(response.headers['content-type'], 'application/x-ndjson')
  response.pause()
  await channel.deleteQueue('doomed')
  await assert.rejects(within('it ends', response.toArray()), { code: 'ECONNRESET' })
})
