import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, test } from 'node:test'
import {
  DefinitionsUnderTest,
  type Lists,
  rowTexts,
} from '../../test/support/definitions-under-test.ts'
import { durable } from '../../test/support/log-engines.ts'
import { messageOf } from '../../test/support/queue-under-test.ts'
import { systemClock } from '../lib/clock.ts'
import { brokerLimits } from '../limits/broker.ts'
import { encodeContentHeader } from '../record/message/content-header.ts'
import { table } from '../record/message/field-table.ts'
import { MalformedError } from './import-definitions.ts'

const vectorFile = path.join(
  import.meta.dirname,
  '../../test/vectors/rabbitmq-4.2-definitions.json',
)
const vector = readFileSync(vectorFile, 'utf8')

let under: DefinitionsUnderTest
beforeEach(() => {
  under = new DefinitionsUnderTest()
})

/** The lists of a file in an order of their own. */
function inOrder(file: Lists): unknown {
  const lists = Object.entries(file).filter(([, list]) => Array.isArray(list))
  return Object.fromEntries(
    lists.map(([name, list]) => [name, list.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1))]),
  )
}

function textOf(item: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

test('a file of RabbitMQ 4.2 comes out as it went in', async () => {
  const report = await under.import(vector)
  const { rows } = report
  assert.deepEqual(
    rows.map(({ outcome, kind, name }) => `${outcome} ${kind} ${name}`),
    ['add user app', 'add user long'],
  )
  assert.match(rows[0]?.note ?? '', /SCRAM it logs in after pabal user password/)
  assert.deepEqual(inOrder(await under.export()), inOrder(JSON.parse(vector) as Lists))
})

test('twice is once: nothing is written again', async () => {
  await under.import(vector)
  const { sequence } = under.broker.topology
  const { counts } = await under.import(vector)
  assert.equal(under.broker.topology.sequence, sequence)
  for (const [kind, { same, ...others }] of Object.entries(counts)) {
    assert.ok(same > 0, kind)
    assert.deepEqual(others, { add: 0, change: 0, differs: 0, ignored: 0 }, kind)
  }
})

test('a check changes nothing, and says what would be done', async () => {
  const before = await under.exportText()
  const { check, counts, rows } = await under.import(vector, { isCheck: true })
  assert.equal(check, true)
  assert.equal(await under.exportText(), before)
  assert.equal(under.broker.topology.sequence, 0)
  const done = (await under.import(vector)).counts
  assert.deepEqual(counts, done)
  const added = Object.values(counts).reduce((sum, { add }) => sum + add, 0)
  assert.equal(rows.filter(({ outcome }) => outcome === 'add').length, added)
})

test('what is there otherwise stays, and so says the report', async () => {
  const { broker } = under
  const vhost = broker.getVHost('/')
  const plain = { durable: true, autoDelete: false, exclusive: false, connection: {} }
  broker.declareQueue(vhost, { name: 'q', ...plain, arguments: table({ 'x-max-length': 1 }) })
  const shape = { durable: true, autoDelete: false, internal: true }
  vhost.declareExchange({ name: 'x', type: 'direct', ...shape, arguments: table({}) })
  const item = { vhost: '/', durable: true, auto_delete: false, arguments: {} }
  const report = await under.import({
    queues: [{ ...item, name: 'q' }],
    exchanges: [{ ...item, name: 'x', type: 'fanout' }],
  })
  assert.deepEqual(rowTexts(report), [
    "differs exchange x: inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'",
    "differs queue q: inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received none but current is the value '1' of type 'signedint'",
  ])
  // RabbitMQ's files do not say that an exchange is internal.
  const again = await under.import({ exchanges: [{ ...item, name: 'x', type: 'direct' }] })
  assert.equal(again.counts['exchange']?.same, 1)
})

test('what Pabal does not have is ignored with the reason', async () => {
  const patterns = { configure: '', write: '', read: '' }
  const report = await under.import({
    rabbitmq_version: '3.13.0',
    users: [
      { name: 'guest', password: 'other', tags: [] },
      {
        name: 'md5',
        password_hash: 'AAAA',
        hashing_algorithm: 'rabbit_password_hashing_md5',
        tags: '',
      },
    ],
    vhosts: [{ name: 'v', tracing: true }],
    permissions: [
      { user: 'nobody', vhost: '/', ...patterns },
      { user: 'guest', vhost: 'nowhere', ...patterns },
      { user: 'guest', vhost: '/', ...patterns },
      { user: 'guest', vhost: 'v', configure: '(', write: '', read: '' },
    ],
    parameters: [{ vhost: '/', component: 'federation-upstream', name: 'up', value: { uri: 'a' } }],
    global_parameters: [
      { name: 'internal_cluster_id', value: 'a' },
      { name: 'cluster_name', value: 5 },
    ],
    policies: [{ vhost: '/', name: 'p', pattern: '', definition: { 'no-such': 1 } }],
    exchanges: [
      { vhost: '/', name: 'x', type: 'x-unheard' },
      { vhost: '/', name: 'amq.mine', type: 'direct' },
    ],
    queues: [
      { vhost: '/', name: 's', durable: false, arguments: { 'x-queue-type': 'stream' }, colour: 1 },
      { vhost: 'nowhere', name: 'q' },
    ],
    bindings: [
      { vhost: '/', source: 'x', destination: 's', destination_type: 'queue', routing_key: '' },
      { vhost: '/', source: 'amq.direct', destination: 's', destination_type: 'queue' },
    ],
    extensions: [],
  })
  const said = rowTexts(report).join('\n')
  for (const text of [
    'user guest: it is the user of the settings',
    'user md5: hashing algorithm "rabbit_password_hashing_md5" is not served',
    'virtual host v: tracing: tracing is not served',
    "permission nobody: there is no user 'nobody'",
    "permission guest: there is no virtual host 'nowhere'",
    'permission guest: it is the user of the settings, and may do everything',
    "permission guest: the pattern '(' cannot be used",
    'parameter federation-upstream/up: Pabal does not federate',
    'global parameter internal_cluster_id: each cluster has its own',
    'global parameter cluster_name: global parameter cluster_name should be text',
    'policy p: [{<<"no-such">>,1}] are not recognised policy settings',
    "exchange x: unknown exchange type 'x-unheard'",
    "exchange amq.mine: exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    "queue s: invalid property 'non-durable' for queue 's' in vhost '/'",
    "queue q: there is no virtual host 'nowhere'",
    "binding 'x' to queue 's': no exchange 'x' in vhost '/'; rabbitmqctl leaves internal exchanges out",
    "binding 'amq.direct' to queue 's': no queue 's' in vhost '/'",
    'key extensions: nothing is known by this name',
    'key queues[].colour: nothing is known by this name (in 1 of them)',
  ]) {
    assert.ok(said.includes(`ignored ${text}`), `${text}\n\n${said}`)
  }
  assert.deepEqual(under.broker.access.findUser('md5'), undefined)
})

test('of what comes twice in a file the last one counts', async () => {
  const policy = { vhost: '/', name: 'p', pattern: '' }
  const file = {
    users: ['a', 'b'].map((tags) => ({ name: 'u', password_hash: '', tags })),
    policies: [1, 2].map((length) => ({ ...policy, definition: { 'max-length': length } })),
    queues: [1, 2].map(() => ({ vhost: '/', name: 'q' })),
  }
  const report = await under.import(file)
  const again = 'it comes again later in the file'
  assert.deepEqual(rowTexts(report), [`ignored user u: ${again}`, `ignored policy p: ${again}`])
  assert.deepEqual(under.broker.access.findUser('u')?.tags, ['b'])
  const { sequence } = under.broker.topology
  await under.import(file)
  assert.equal(under.broker.topology.sequence, sequence)
})

test('metadata and limits of a virtual host change, and what is not given stays', async () => {
  const { broker, keeper } = under
  await keeper.putVHost('v', { description: 'old', tags: ['t'], limits: { 'max-queues': 1 } })
  const file = {
    vhosts: [{ name: 'v', description: 'new' }],
    parameters: [
      {
        vhost: 'v',
        component: 'vhost-limits',
        name: 'limits',
        value: { 'max-queues': 2, 'max-fun': 1 },
      },
    ],
  }
  const report = await under.import(file)
  assert.match(rowTexts(report)[0] ?? '', /^ignored vhost limit v: max-fun: Unrecognised terms/)
  const limits = { 'max-queues': 2 }
  assert.deepEqual(broker.getVHost('v').metadata, { description: 'new', tags: ['t'], limits })
  assert.equal((await under.import(file)).counts['virtual host']?.same, 1)
})

test('a limit that is there holds, and one of the file comes after its queues', async () => {
  await under.import({ vhosts: [{ name: 'v' }] })
  const file = {
    vhosts: [{ name: 'v', limits: { 'max-queues': 1 } }],
    queues: ['a', 'b'].map((name) => ({ vhost: 'v', name })),
  }
  const first = await under.import(file)
  assert.equal(first.counts['queue']?.add, 2)
  const second = await under.import({ queues: [{ vhost: 'v', name: 'c' }] })
  assert.match(rowTexts(second)[0] ?? '', /^ignored queue c: .*queue limit in vhost 'v' \(1\)/)
})

test('a queue comes after the stream that is its source', async () => {
  const stream = { 'x-queue-type': 'stream' }
  const { counts } = await under.import({
    queues: [
      { vhost: '/', name: 'reader', arguments: { 'x-source': 'log' } },
      { vhost: '/', name: 'log', arguments: stream },
    ],
  })
  assert.equal(counts['queue']?.add, 2)
  const lost = await under.import({
    queues: [{ vhost: '/', name: 'other', arguments: { 'x-source': 'none' } }],
  })
  assert.equal(rowTexts(lost)[0], "ignored queue other: no queue 'none' in vhost '/'")
})

test('a queue that begins in its source at a time does so when it is imported', async () => {
  const log = { vhost: '/', name: 'log', arguments: { 'x-queue-type': 'stream' } }
  await under.import({ queues: [log] })
  const offsets = ['2020-01-01T00:00:00Z', '2199-01-01T00:00:00Z', '1h', 'last']
  const stream = under.broker.getVHost('/').getQueue('log')
  under.broker.store.beginAtom()
  for (const text of 'abc') {
    const message = messageOf(text)
    message.header = encodeContentHeader(message.bodyEnd, {})
    message.headerEnd = message.header.length
    stream.publish(message, -1)
  }
  await durable(under.broker.store.endAtom())
  const queues = offsets.map((offset) => {
    return { vhost: '/', name: offset, arguments: { 'x-source': 'log', 'x-source-offset': offset } }
  })
  assert.equal((await under.import({ queues })).counts['queue']?.add, 4)
  assert.deepEqual(
    offsets.map((name) => under.broker.getVHost('/').getQueue(name).messageCount),
    [3, 0, 3, 3],
  )
  assert.equal((await under.import(await under.exportText())).counts['queue']?.same, 5)
})

test('a file of one virtual host goes into one, and says what it leaves out', async () => {
  await under.import(vector)
  const file = await under.export('orders/eu')
  const { queues = [], limits } = file
  assert.deepEqual(
    queues.map(({ name, vhost }) => [name, vhost]),
    [['lines "/" ü', undefined]],
  )
  assert.deepEqual(limits, { 'max-queues': 50 })
  await assert.rejects(
    under.import(file),
    /exchanges\[0\] has no vhost: a file of one virtual host/,
  )
  await under.import({ vhosts: [{ name: 'copy' }] })
  const report = await under.import({ ...file, users: [{}] }, { vhost: 'copy' })
  assert.deepEqual(
    report.rows.map(({ name }) => name),
    ['metadata', 'description', 'limits', 'users (1)'],
  )
  const copy = await under.export('copy')
  for (const list of ['exchanges', 'queues', 'bindings', 'policies']) {
    assert.deepEqual(copy[list], file[list], list)
  }
})

test('a queue keeps its type where the virtual host has another one by now', async () => {
  const queue = { vhost: '/', name: 'q' }
  await under.import({ queues: [queue] })
  await under.import({ vhosts: [{ name: '/', metadata: { default_queue_type: 'quorum' } }] })
  assert.equal((await under.import({ queues: [queue] })).counts['queue']?.same, 1)
  const exported = await under.exportText()
  assert.equal((await under.import(exported)).counts['queue']?.same, 1)
  const other = new DefinitionsUnderTest()
  await other.import(exported)
  assert.equal(other.broker.getVHost('/').getQueue('q').type, 'classic')
  const quorum = { ...queue, arguments: { 'x-queue-type': 'quorum' } }
  assert.equal((await under.import({ queues: [quorum] })).counts['queue']?.differs, 1)
})

test('exclusive queues and the broker itself are not exported', async () => {
  const { broker } = under
  const vhost = broker.getVHost('/')
  const shape = { durable: false, autoDelete: true, connection: {}, arguments: table({}) }
  broker.declareQueue(vhost, { ...shape, name: 'mine', exclusive: true })
  broker.declareQueue(vhost, { ...shape, name: 'passing', exclusive: false })
  const internal = { durable: true, autoDelete: false, internal: true }
  vhost.declareExchange({ name: 'in', type: 'topic', ...internal, arguments: table({}) })
  for (const queue of ['mine', 'passing']) vhost.bindQueue(queue, 'in', 'k', table({}))
  const { queues, bindings, exchanges, users, permissions } = await under.export()
  assert.deepEqual(
    queues?.map(({ name }) => name),
    ['passing'],
  )
  assert.deepEqual(
    bindings?.map(({ destination }) => destination),
    ['passing'],
  )
  assert.deepEqual(exchanges, [
    {
      vhost: '/',
      name: 'in',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: true,
      arguments: {},
    },
  ])
  assert.deepEqual([users, permissions], [[], []])
})

test('a check knows what is refused for its arguments', async () => {
  const shape = { vhost: '/', type: 'x-message-deduplication' }
  const exchanges = [
    { ...shape, name: 'a', arguments: { 'x-cache-size': 'many' } },
    { ...shape, name: 'b', arguments: { 'x-cache-size': 10 } },
    { vhost: '/', name: 'c', type: 'x-delayed-message', arguments: { 'x-delayed-type': 'none' } },
    { vhost: '/', name: 'd', type: 'x-delayed-message', arguments: { 'x-delayed-type': 'topic' } },
  ]
  const checked = await under.import({ exchanges }, { isCheck: true })
  assert.deepEqual(
    checked.rows.map(({ outcome, name }) => `${outcome} ${name}`),
    ['ignored a', 'ignored c', 'add b', 'add d'],
  )
  assert.deepEqual((await under.import({ exchanges })).counts, checked.counts)
})

test('what somebody takes away meanwhile is ignored', async () => {
  const { broker, keeper } = under
  const importing = under.import({
    vhosts: [{ name: 'gone' }],
    users: [{ name: 'u', password: 'p', tags: '' }],
    permissions: [{ user: 'u', vhost: 'gone', configure: '', write: '', read: '' }],
    queues: [{ vhost: 'gone', name: 'q' }],
  })
  // The user's secrets take a while, and the virtual host is there by then.
  while (broker.findVHost('gone') === undefined) {
    await new Promise<void>((resolve) => systemClock.atEndOfTurn(resolve))
  }
  await keeper.deleteVHost('gone')
  const texts = rowTexts(await importing)
  assert.deepEqual(texts, [
    'ignored permission u: vhost gone not found',
    'ignored queue q: vhost gone not found',
  ])
})

test('virtual hosts for which there is no room are ignored, and what is in them', async () => {
  const { vhostsMax } = brokerLimits
  const vhosts = Array.from({ length: vhostsMax }, (_, index) => ({ name: `v${index}` }))
  const [last] = vhosts.slice(-1)
  const queues = [{ vhost: last!.name, name: 'q' }]
  const report = await under.import(
    { vhosts: [{ name: '/' }, ...vhosts], queues },
    { isCheck: true },
  )
  assert.deepEqual(report.counts['virtual host'], {
    add: vhostsMax - 1,
    change: 0,
    same: 1,
    differs: 0,
    ignored: 1,
  })
  assert.deepEqual(rowTexts(report).slice(0, 2), [
    `ignored virtual host ${last!.name}: there is no room for it: vhost limit of ${vhostsMax} is reached`,
    `ignored queue q: there is no virtual host '${last!.name}'`,
  ])
})

test('others get their turns while a large file comes in', async () => {
  const queues = Array.from({ length: 3000 }, (_, index) => ({ vhost: '/', name: `q${index}` }))
  let longestMs = 0
  let before = systemClock.monotonic()
  let isDone = false
  const look = (): void => {
    const now = systemClock.monotonic()
    longestMs = Math.max(longestMs, now - before)
    before = now
    if (!isDone) systemClock.atEndOfTurn(look)
  }
  const importing = under.import({ queues })
  systemClock.atEndOfTurn(look)
  const { counts, rows, left_out: leftOut } = await importing
  isDone = true
  assert.equal(counts['queue']?.add, 3000)
  assert.deepEqual([rows.length, leftOut], [0, 0])
  assert.ok(longestMs < 500, `one turn took ${longestMs} ms`)
  const check = await under.import(
    { queues: queues.map(({ name }) => ({ vhost: '/', name: `${name}b` })) },
    { isCheck: true },
  )
  assert.deepEqual([check.rows.length, check.left_out], [1000, 2000])
})

test('nothing changes when a part of the file is no such thing', async () => {
  const file = {
    queues: [
      { vhost: '/', name: 'a' },
      { vhost: '/', name: 5 },
    ],
  }
  await assert.rejects(under.import(file), (error) => {
    assert.ok(error instanceof MalformedError)
    assert.equal(error.message, 'queues[1].name should be text')
    return true
  })
  assert.equal(under.broker.getVHost('/').findQueue('a'), undefined)
})

test('topics of Kafka come along with their partitions and settings', async () => {
  const { broker } = under
  const topics = broker.topicsOf(broker.getVHost('/'))
  const configs = { 'retention.ms': '1000', 'cleanup.policy': 'compact' }
  topics.create({ name: 'made', partitionCount: 3, configs, isProvisional: false })
  topics.create({ name: 'plain', partitionCount: 1, configs: {}, isProvisional: false })
  topics.create({ name: 'seen', partitionCount: 1, configs: {}, isProvisional: true })
  await under.import({
    queues: [{ vhost: '/', name: 's', arguments: { 'x-queue-type': 'stream', 'x-max-age': '1h' } }],
  })
  const exported = await under.exportText()
  const { global_parameters: parameters } = await under.export()
  assert.deepEqual(
    parameters?.map(({ value }) => (value as { name: string }).name),
    ['made', 'plain'],
  )
  const other = new DefinitionsUnderTest()
  const report = await other.import(exported)
  assert.deepEqual(report.counts['topic'], { add: 2, change: 0, same: 0, differs: 0, ignored: 0 })
  assert.equal(await other.exportText(), exported)
  const made = other.broker.getVHost('/').getQueue('made')
  assert.ok(made.kind === 'topic')
  assert.equal(made.partitions.length, 3)
  assert.deepEqual(made.config.overrides, configs)
  const { sequence } = other.broker.topology
  assert.equal((await other.import(exported)).counts['topic']?.same, 2)
  assert.equal(other.broker.topology.sequence, sequence)
  // Into another virtual host, too.
  await other.import({ vhosts: [{ name: 'v' }] })
  await other.import(await under.exportText('/'), { vhost: 'v' })
  const copy = other.broker.getVHost('v').getQueue('made')
  assert.ok(copy.kind === 'topic')
  assert.deepEqual(copy.config.overrides, configs)
})

test('settings of a topic that is none are ignored, and wrong ones refused', async () => {
  const parameter = (configs: unknown): unknown => {
    const value = { vhost: '/', name: 't', configs }
    return { global_parameters: [{ name: 'pabal-topic ["/","t"]', value }] }
  }
  const none = await under.import(parameter({ 'retention.ms': '1' }))
  assert.deepEqual(rowTexts(none), ["ignored topic t: no queue 't' in vhost '/'"])
  const queues = [{ vhost: '/', name: 't', arguments: { 'x-queue-type': 'stream' } }]
  const odd = await under.import({ queues, ...(parameter({ 'retention.ms': 'x' }) as object) })
  assert.match(rowTexts(odd)[0] ?? '', /^ignored topic t: Invalid value x for configuration/)
  await assert.rejects(
    under.import(parameter({ 'retention.ms': 5 })),
    /^MalformedError: global_parameters\[0\]\.value\.configs\.retention\.ms should be text$/,
  )
})

test('quotas of Kafka clients come along, with all that an entity may be', async () => {
  const { quotas } = under.broker
  const rates = { producer_byte_rate: 1_000_000, request_percentage: 12.5 }
  quotas.put({ user: 'a', 'client-id': null }, rates)
  quotas.put({ ip: '::1' }, { connection_creation_rate: 5 })
  const exported = await under.exportText()
  const other = new DefinitionsUnderTest()
  const report = await other.import(exported)
  assert.deepEqual(report.counts['quota'], { add: 2, change: 0, same: 0, differs: 0, ignored: 0 })
  assert.deepEqual([...other.broker.quotas.entries()], [...quotas.entries()])
  assert.equal(await other.exportText(), exported)
  assert.equal((await other.import(exported)).counts['quota']?.same, 2)
  other.broker.quotas.put({ ip: '::1' }, { connection_creation_rate: 6 })
  assert.equal((await other.import(exported)).counts['quota']?.change, 1)
  const wrong = exported.replace('12.5', '-1')
  await assert.rejects(other.import(wrong), /request_percentage: Quota .* must be greater than 0$/)
})
