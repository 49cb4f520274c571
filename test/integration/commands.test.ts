// Commands for queues, exchanges, clients and messages, over the HTTP port with a login.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { type Outcome, pabal, type Surroundings } from '../support/pabal-command.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor, within } from '../support/wait-for.ts'

let broker: TestBroker
let folder: string
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'pabal-commands-'))
  broker = await TestBroker.start(['--http-port', '0'])
})
after(async () => {
  await broker[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** `line` is split at spaces. */
function run(
  line: string,
  others: readonly string[] = [],
  around: Surroundings = {},
): Promise<Outcome> {
  const environment = { PABAL_URL: `http://127.0.0.1:${broker.httpPort}` }
  return pabal([...line.split(' '), ...others], { ...around, environment })
}

async function succeed(line: string, others?: readonly string[]): Promise<readonly string[]> {
  const { code, out, talk } = await run(line, others)
  assert.equal(code, 0, talk.join('\n'))
  return out
}

async function json(line: string): Promise<Record<string, unknown>[]> {
  const [text = ''] = await succeed(`${line} -o json`)
  return JSON.parse(text) as Record<string, unknown>[]
}

test('a queue is created, shown, emptied and deleted', async () => {
  const create = 'create orders --type quorum --argument x-delivery-limit=5'
  assert.deepEqual(await succeed(create), ["Queue 'orders' was created"])
  assert.deepEqual(await succeed(create), ["Queue 'orders' was there already, as asked"])
  const stream = 'create prices --type stream --partitions 3'
  assert.deepEqual(await succeed(stream), ["Stream 'prices' was created"])
  const purged = await run('purge prices --yes')
  assert.equal(purged.code, 64)
  assert.match(purged.talk.join(), /'prices' is a stream, which is not emptied: .* max-age/)
  const [gone = ''] = await succeed('queue delete prices --yes')
  assert.equal(gone, "Deleted: stream 'prices'")
  const unknown = await run('create prices --type strem')
  assert.deepEqual(unknown.talk, ['--type strem is unknown: use classic, quorum, stream or topic'])
  const other = await run('queue create orders --type classic')
  assert.equal(other.code, 64)
  assert.match(other.talk.join(), /inequivalent arg 'x-queue-type'/)
  assert.match((await succeed('show orders')).join('\n'), /^type +quorum$[^]*x-delivery-limit=5/m)
  await succeed('publish orders --payload x --count 3')
  const asked = await run('purge orders', [], { answers: ['n'] })
  assert.equal(asked.code, 77)
  assert.match(asked.talk[0] ?? '', /^Really drop 3 messages of queue 'orders' .*127\.0\.0\.1/)
  assert.deepEqual(await succeed('purge orders --yes'), ["Queue 'orders' was purged of 3 messages"])
  await succeed('publish orders --payload x')
  const kept = await run('rm orders --if-empty --yes')
  assert.equal(kept.code, 64)
  const shown = await run('rm orders --if-empty --dry-run')
  assert.deepEqual(
    [shown.code, shown.talk],
    [64, ["queue 'orders' would stay: it has 1 message and 0 consumers"]],
  )
  assert.deepEqual(await succeed('rm orders --dry-run'), [
    "Would delete queue 'orders' in virtual host '/' with 1 message and 0 consumers",
  ])
  assert.deepEqual(await succeed('rm orders --yes'), ["Deleted: queue 'orders'"])
  assert.deepEqual(await json('ls'), [])
})

test('a topic has partitions, and what is named wrongly is met with what there is', async () => {
  await succeed('topic create events --type stream --partitions 3')
  const [row] = await json('topic ls')
  assert.deepEqual(row?.['arguments'], { 'x-queue-type': 'stream', 'x-partitions': 3 })
  const { code, talk } = await run('show evnts')
  assert.deepEqual(
    [code, talk],
    [66, ["there is no queue 'evnts' in virtual host '/'; did you mean 'events'?"]],
  )
  assert.match((await run('create a --partitions 3')).talk.join(), /for --type stream/)
  const taking = await run('consume events')
  assert.deepEqual(
    [taking.code, taking.talk],
    [64, ["'events' is a stream, from which nothing is taken: see pabal peek"]],
  )
  await succeed('rm events --yes')
})

test("a topic is made as Kafka's CreateTopics makes it, with its names and texts", async () => {
  const line = 'create events --type topic --partitions 3 --argument retention.ms=60000'
  assert.deepEqual(await succeed(line), ["Topic 'events' was created with 3 partitions"])
  const again = await run(line)
  const refused = "topic 'events' was not created: Topic 'events' already exists."
  assert.deepEqual([again.code, again.talk], [64, [refused]])
  const shown = (await succeed('show events')).join('\n')
  assert.match(shown, /^type +stream$/m)
  assert.match(shown, /^partitions +3$/m)
  assert.match(shown, /^settings +retention\.ms=60000 .*cleanup\.policy=delete/m)
  for (const [others, problem] of [
    ['--argument retention.hours=1', /Unknown topic config name: retention\.hours/],
    ['--argument retention.ms=soon', /Invalid value soon for configuration retention\.ms/],
    ['--partitions 100000', /Excessively large number of partitions per request/],
    ['--vhost shop', /topics are in the virtual host \//],
    ['--transient', /never --transient/],
  ] as const) {
    const { code, talk } = await run(`create other --type topic ${others}`)
    assert.equal(code, 64)
    assert.match(talk.join(), problem)
  }
  const named = await run('create', ['no topic', '--type', 'topic'])
  assert.match(named.talk.join(), /Topic name is invalid: 'no topic' contains one or more/)
  await succeed('rm events --yes')
})

test('hostile names are created, shown with their escapes, and deleted', async () => {
  for (const name of ['a/b?#%2f', '..a', '🐇\u202e', 'x\u001b[2J', "'"]) {
    await succeed('create', [name])
    assert.equal((await json('ls'))[0]?.['name'], name)
    await succeed('publish --payload x', [name])
    assert.match((await succeed('rm --dry-run', [name])).join(), /with 1 message /)
    await succeed('rm --yes', [name])
  }
})

test('a routing test shows where a message would go, and through which bindings', async () => {
  await succeed('create eu')
  await succeed('exchange create shop --type topic --argument alternate-exchange=lost')
  await succeed('exchange create regions --type headers')
  await succeed('bind shop regions --to-exchange --key order.#')
  await succeed('bind regions eu --argument region=eu')
  const [head, row, gap, ...way] = await succeed('route-test shop order.new --header region=eu')
  assert.match(head ?? '', /^name +kind +type +partition +certain +full +repeat$/)
  assert.match(row ?? '', /^eu +queue +classic +true +false +false$/)
  assert.equal(gap, '')
  assert.deepEqual(way, [
    "exchange 'shop':",
    "  → exchange 'regions' by 'order.#'",
    "exchange 'regions':",
    `  → queue 'eu' by '' {"region":"eu"}`,
  ])
  const nowhere = await run('route-test shop invoice')
  assert.deepEqual(nowhere.talk, ['There are no queues or topics that the message would come to'])
  assert.deepEqual(nowhere.out.slice(1), [
    "exchange 'shop': no binding matches",
    "  → alternate exchange 'lost', which is not there",
  ])
  assert.deepEqual(await succeed('route-test amq.default eu -o name'), ['eu'])
  const missing = await run('route-test regiosn x')
  assert.match(missing.talk.join(), /no exchange 'regiosn'.*did you mean 'regions'\?/)
  for (const line of ['exchange rm shop', 'exchange rm regions', 'rm eu']) {
    await succeed(`${line} --yes`)
  }
})

test('exchanges and bindings come and go', async () => {
  await succeed('create bound')
  await succeed('exchange create shop --type topic')
  await succeed('bind shop bound --key a.#')
  await succeed('publish shop --to-exchange --key a.b --payload x')
  assert.equal((await json('ls'))[0]?.['messages_ready'], 1)
  const bindings = (await json('bindings')).filter(({ source }) => source === 'shop')
  assert.deepEqual(
    bindings.map(({ destination, routing_key: key }) => [destination, key]),
    [['bound', 'a.#']],
  )
  const missing = await run('bind shop boud --key x')
  assert.match(missing.talk.join(), /there is no queue 'boud' .* did you mean 'bound'\?/)
  assert.match((await run('unbind shop bound --key b --yes')).talk.join(), /no binding of queue/)
  const used = await run('exchange rm shop --if-unused --dry-run')
  assert.deepEqual([used.code, used.talk], [64, ["exchange 'shop' would stay: it has 1 binding"]])
  await succeed('unbind shop bound --key a.# --yes')
  assert.match((await succeed('exchange rm shop --if-unused --dry-run')).join(), /^Would delete/)
  const lost = await run('publish shop --to-exchange --key a.b --payload x')
  assert.deepEqual(
    [lost.code, lost.out, lost.talk],
    [66, [], ['1 message was published to no queue: see pabal bindings']],
  )
  await succeed('exchange rm shop --yes')
  assert.ok(!(await json('exchange ls')).some(({ name }) => name === 'shop'))
  await succeed('rm bound --yes')
})

test('what is published to a queue that is not there is refused, and an id may be of digits', async () => {
  await succeed('create printer')
  const missing = await run('publish printr --payload x')
  assert.deepEqual(
    [missing.code, missing.out, missing.talk],
    [66, [], ["there is no queue 'printr' in virtual host '/'; did you mean 'printer'?"]],
  )
  await succeed('publish printer --payload x --property message_id=17 --property priority=3')
  const [message = ''] = await succeed('consume printer -o ndjson')
  assert.deepEqual((JSON.parse(message) as { properties: object }).properties, {
    message_id: '17',
    priority: 3,
    delivery_mode: 2,
  })
  await succeed('rm printer --yes')
})

test('what was peeked at is published again as it was', async () => {
  await succeed('create from')
  await succeed('create to')
  const lines = path.join(folder, 'lines')
  writeFileSync(lines, 'one\ntwo\n')
  await succeed('publish from --format lines -H a=1 --property content_type=text/plain --file', [
    lines,
  ])
  const bytes = path.join(folder, 'bytes')
  writeFileSync(bytes, Buffer.from([0xff, 0, 1]))
  await succeed('publish from --file', [bytes])
  const peeked = await succeed('peek from -o ndjson')
  const file = path.join(folder, 'messages.ndjson')
  writeFileSync(file, `${peeked.join('\n')}\n`)
  assert.deepEqual(await succeed('publish to --format ndjson --file', [file]), [
    "3 messages were published to 'to'",
  ])
  const taken = (await succeed('consume to -o ndjson')).map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  )
  assert.deepEqual(
    taken.map(({ payload, properties }) => [payload, properties]),
    [
      ['one', { content_type: 'text/plain', headers: { a: 1 }, delivery_mode: 2 }],
      ['two', { content_type: 'text/plain', headers: { a: 1 }, delivery_mode: 2 }],
      ['/wAB', { delivery_mode: 2 }],
    ],
  )
  assert.deepEqual(await succeed('consume from --payloads --count 2'), ['one\ntwo\n'])
  const empty = await run('consume to')
  assert.deepEqual(empty.talk, ['There are no messages that are ready'])
  for (const queue of ['from', 'to']) await succeed(`rm ${queue} --yes`)
})

test('a payload that is not there as a whole, or no message, is not published', async () => {
  await succeed('create whole')
  const file = path.join(folder, 'cut.ndjson')
  for (const [line, why] of [
    ['{"payload":"ab","payload_bytes":5}', /line 1 has the start of a payload of 5 bytes only/],
    ['{"body":1}', /line 1 is no message/],
    ['[', /line 1 is no message/],
    [
      '{"payload":"a","properties":{"contentType":"x"}}',
      /line 1: there is no property contentType/,
    ],
  ] as const) {
    writeFileSync(file, line)
    const { code, talk } = await run('publish whole --format ndjson --file', [file])
    assert.equal(code, 65)
    assert.match(talk.join(), why)
  }
  const { code, talk } = await run('publish whole --payload x --property content-type=text/plain')
  assert.equal(code, 64)
  assert.match(talk.join(), /there is no property content-type: there are content_type, /)
  assert.match((await run('peek whole')).talk.join(), /no such messages/)
  await succeed('rm whole --yes')
})

test('connections, channels and consumers are listed, and a connection is closed', async () => {
  await succeed('create watched')
  {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.channel()
    await channel.consume('watched', () => undefined, { consumerTag: 'me' })
    const [consumer] = await json('consumer ls')
    assert.equal(consumer?.['consumer_tag'], 'me')
    assert.match((await succeed('consumer ls'))[1] ?? '', /^\/ +watched +me +true +true /)
    assert.equal((await json('channel ls')).length, 1)
    const [name = ''] = await succeed('conn ls -o name')
    const closed = once(session.model, 'close')
    assert.deepEqual(await succeed('conn close --yes --reason maintenance', [name]), [
      `Closed: connection '${name}'`,
    ])
    await within('the connection is closed', closed)
  }
  await waitFor('no connection is left', async () => (await json('conn ls')).length === 0)
  await succeed('rm watched --yes')
})

test('the status says how the broker is, and the version which it is', async () => {
  assert.equal(((await json('status')) as unknown as { state: string }).state, 'ready')
  const status = await succeed('status')
  assert.match(
    status.join('\n'),
    /^state +ready\n[^]*^queues +\d+\n[^]*^published since start +\d+$/m,
  )
  assert.deepEqual(
    status.filter((line) => line.length > 80 && !line.startsWith('data folder')),
    [],
  )
  assert.match((await succeed('version')).join('\n'), /^program +\S+\nnode +v\S+\nbroker +\S+$/)
  const gone = await pabal(['status', '--url', 'http://127.0.0.1:1'])
  assert.equal(gone.code, 69)
})

test('a user without a tag is told that it has too few rights', async () => {
  const password = path.join(folder, 'password')
  writeFileSync(password, 'secret\n')
  await succeed('user add weak --new-password-file', [password])
  const login = ['--user', 'weak', '--password-file', password]
  const url = `http://127.0.0.1:${broker.httpPort}`
  const { code, talk } = await pabal(['ls', '--url', url, ...login])
  assert.equal(code, 77)
  assert.match(talk.join(), /user 'weak' may not do that \(Not management user\)/)
})

test("quotas of Kafka's clients are set, listed and taken back", async () => {
  const pair = '--of-user app --of-every-client'
  const set = await succeed(`quota set producer_byte_rate 1000000 ${pair}`)
  assert.deepEqual(set, ['producer_byte_rate is 1000000'])
  await succeed(`quota set request_percentage 12.5 ${pair}`)
  const [row] = await json('quota ls')
  assert.deepEqual(row, {
    name: 'user "app", every client id',
    entity: { user: 'app', 'client-id': null },
    quotas: { producer_byte_rate: 1_000_000, request_percentage: 12.5 },
  })
  assert.match((await succeed('quota ls')).join('\n'), /every client id +1000000 .*12\.5/)
  const wrong = await run(`quota set producer_byte_rate 0 ${pair}`)
  assert.equal(wrong.code, 64)
  assert.match(wrong.talk.join(), /Quota producer_byte_rate must be greater than 0/)
  assert.match((await run('quota set x 1')).talk.join(), /whose quota\? give --of-user/)
  await succeed(`quota set producer_byte_rate none ${pair}`)
  await succeed(`quota set request_percentage none ${pair}`)
  assert.deepEqual(await json('quota ls'), [])
})
