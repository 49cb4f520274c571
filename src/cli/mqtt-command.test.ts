// Against a server that answers as the broker does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'
import { type Outcome, pabal } from '../../test/support/pabal-command.ts'
import { exitCodes } from '../lib/exit-codes.ts'

const session = {
  vhost: '/',
  client_id: 'thermostat',
  user: 'guest',
  connected: false,
  since: 0,
  expiry_seconds: null,
  ends_at: null,
  subscriptions: 1,
  queued: 3,
  in_flight: 1,
}
const done = { client_id: 'thermostat', connected: true, queued: 3, in_flight: 1, subscriptions: 1 }
const retained = { topic: 'a/b', payload_bytes: 4, qos: 1, time: 0, payload: '21.5' }
const one = {
  vhost: '/',
  topic: 'a/b',
  qos: 1,
  expires_at: null,
  offset: 7,
  time: 0,
  exchange: 'amq.topic',
  routing_key: 'a.b',
  properties: {
    content_type: 'text/plain',
    headers: [
      { name: 'site', type: 'longstr', value: 'Kallo' },
      { name: 'raw', type: 'longstr', value: '/wA=', encoding: 'base64' },
      { name: 'price', type: 'decimal', value: { scale: 2, unscaled: 195 } },
      {
        name: 'parts',
        type: 'table',
        value: [{ name: 'all', type: 'array', value: [{ type: 'int', value: 5 }] }],
      },
    ],
    delivery_mode: 2,
  },
  payload_bytes: 2,
  payload: '/wA=',
  payload_encoding: 'base64',
  sees_payload: true,
}
const hidden = { ...one, topic: 'h', properties: {}, payload: undefined, sees_payload: false }
const answers: Readonly<Record<string, unknown>> = {
  'GET /api/v1/mqtt/sessions': [session],
  'GET /api/v1/mqtt/sessions/%2F/thermostat': {
    ...session,
    subscription_list: [{ filter: 'a/#', qos: 1, group: null }],
    will_facts: null,
    may: {},
  },
  'POST /api/v1/mqtt/sessions/delete': { done: [done], refused: [] },
  'POST /api/v1/mqtt/sessions/disconnect': {
    done: [],
    refused: [{ reason: "'thermostat' is not connected" }],
  },
  'GET /api/v1/mqtt/retained': { items: [retained], page_count: 1 },
  'GET /api/v1/mqtt/retained/%2F/a%2Fb': one,
  'GET /api/v1/mqtt/retained/%2F/h': hidden,
  'PUT /api/v1/mqtt/retained/%2F/a%2Fb': null,
  'POST /api/v1/mqtt/retained/%2F/delete': {
    topics: 1,
    payload_bytes: 4,
    refused: 2,
    examples: ['a/b'],
  },
  'POST /api/v1/mqtt/filter-test/%2F': {
    filter: {
      problem: "'#' stands for a whole level: 'a#' in level 1",
      cautions: [],
      topics: 0,
      looked_at_all: true,
      examples: [],
    },
    topic: null,
    match: null,
  },
  'GET /api/vhosts/%2F': { name: '/' },
}

let asked: unknown[]
let server: Server
before(async () => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    asked.push([request.method, request.url, ...(body === '' ? [] : [JSON.parse(body) as unknown])])
    const found = answers[`${request.method} ${request.url?.replace(/\?.*/, '')}`]
    response.statusCode = found === undefined ? 404 : found === null ? 204 : 200
    response.end(found ? JSON.stringify(found) : '')
  }
  server = createServer((request, response) => void answer(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked = []
})

function run(line: string): Promise<Outcome> {
  const { port } = server.address() as AddressInfo
  return pabal(line.split(' '), { environment: { PABAL_URL: `http://127.0.0.1:${port}` } })
}

test('sessions are listed, those that messages wait for', async () => {
  const { out } = await run('mqtt sessions --state waiting --of-user guest')
  assert.match(out[0] ?? '', /^vhost  client id   user   connected  since .* queued  in flight$/)
  assert.match(out[1] ?? '', /^\/ +thermostat  guest  false .*never +1 +3 +1$/)
  assert.deepEqual(asked, [['GET', '/api/v1/mqtt/sessions?user=guest&state=waiting']])
  const wrong = await run('mqtt sessions --state gone')
  assert.match(wrong.talk.join(), /--state gone is unknown: use connected, away or waiting/)
})

test('a session is shown with its subscriptions, and one that is not there is not', async () => {
  const { out } = await run('mqtt session thermostat')
  assert.ok(
    out.some((line) => /^a\/# +1\b/.test(line)),
    out.join('\n'),
  )
  assert.match(out.join('\n'), /^expires after +never$/m)
  assert.match((await run('mqtt session nobody')).talk.join(), /there is no session 'nobody'/)
})

test('a session is deleted once somebody means it, and one that is refused stays', async () => {
  const dry = await run('mqtt delete thermostat --dry-run')
  assert.match(
    dry.out.join(),
    /Would delete session 'thermostat', whose client is connected, with 1 subscription and 4 messages/,
  )
  const sessions = [{ vhost: '/', client_id: 'thermostat' }]
  const path = '/api/v1/mqtt/sessions/delete'
  assert.deepEqual(asked, [['POST', path, { sessions, dry_run: true }]])
  assert.match((await run('mqtt delete thermostat --yes')).out.join(), /Deleted: session/)
  assert.deepEqual(asked.at(-1), ['POST', path, { sessions, dry_run: false }])
  const refused = await run('mqtt disconnect thermostat --yes')
  assert.match(refused.talk.join(), /stays as it is: 'thermostat' is not connected/)
})

test('retained messages are listed, set and deleted', async () => {
  const { out } = await run('mqtt retained list --filter a/#')
  assert.match(out[1] ?? '', /^a\/b +4 +1 .*21\.5$/)
  assert.match(String((asked[0] as readonly string[])[1]), /filter=a%2F%23&vhost=%2F&page=1/)
  assert.match((await run('mqtt retained set a/b --payload 22 --qos 2')).out.join(), /Retained/)
  const body = { payload: '22', payload_encoding: 'string', qos: 2 }
  assert.deepEqual(asked.at(-1), ['PUT', '/api/v1/mqtt/retained/%2F/a%2Fb', body])
  const dry = await run('mqtt retained delete a/# --dry-run')
  assert.match(dry.out.join(), /Would delete 1 retained message with 4 bytes/)
  assert.match(dry.talk.join(), /2 more may not be deleted by this user/)
  assert.match((await run('mqtt retained delete a/# --yes')).out.join(), /Deleted: 1 retained/)
})

test('a retained message is shown with each property and header in a line', async () => {
  const { out } = await run('mqtt retained get a/b')
  assert.deepEqual(out, [
    'topic    a/b',
    'qos      1',
    'time     1970-01-01T00:00:00.000Z',
    'expires  never',
    'bytes    2',
    'payload  0xff00',
    '',
    'property       value',
    'content_type   text/plain',
    'delivery_mode  2',
    'header site    Kallo',
    'header raw     0xff00',
    'header price   1.95',
    'header parts   {"all":[5]}',
  ])
  const wide = await run('mqtt retained get a/b -o wide')
  assert.ok(wide.out.includes('routing key  a.b'), wide.out.join('\n'))
  assert.match(wide.out.join('\n'), /^header price +1\.95 +decimal$/m)
})

test('programs get a retained message as the broker answers it', async () => {
  const { out } = await run('mqtt retained get a/b -o json')
  assert.deepEqual(JSON.parse(out.join('')), one)
})

test('a retained message whose payload is not for the user says so', async () => {
  const { out, talk } = await run('mqtt retained get h')
  assert.ok(out.includes('payload  (not for this user)'), out.join('\n'))
  assert.match(talk.join(), /There are no properties/)
})

test('a message without a payload is not published by mistake', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-retained-'))
  const file = join(folder, 'empty')
  writeFileSync(file, '')
  const { code, talk } = await run(`mqtt retained set a/b --file ${file}`)
  rmSync(folder, { recursive: true })
  assert.equal(code, exitCodes.usage)
  assert.match(talk.join(), /empty.*mqtt retained delete 'a\/b'.*--payload ''/)
  assert.deepEqual(asked, [])
  const { port } = server.address() as AddressInfo
  const environment = { PABAL_URL: `http://127.0.0.1:${port}` }
  const meant = await pabal(['mqtt', 'retained', 'set', 'a/b', '--payload', ''], { environment })
  assert.match(meant.out.join(), /Nothing is retained for 'a\/b' any more/)
})

test('a filter that is none is told, and the command fails', async () => {
  const { out, code } = await run('mqtt test-filter a#/b')
  assert.match(out.join(), /'a#\/b' is no topic filter: '#' stands for a whole level/)
  assert.notEqual(code, 0)
  assert.match(
    (await run('mqtt test-filter')).talk.join(),
    /needs a filter, --topic TOPIC, or both/,
  )
})
