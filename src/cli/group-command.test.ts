// Against a server that answers as the broker does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'
import { type Outcome, pabal } from '../../test/support/pabal-command.ts'

const group = {
  name: 'shop',
  type: 'classic',
  state: 'Empty',
  members: 1,
  topics: 1,
  lag: 5,
  member_list: [{ id: 'm-1', instance_id: null, client_id: 'c', host: '127.0.0.1' }],
  offsets: [
    { topic: 'orders', partition: 0, offset: 7, start: 0, end: 12, lag: 5, lag_ms: 65_000 },
  ],
}
const deadLetters = {
  attempts: 5,
  to: 'dead',
  set_aside: 1,
  stuck: [{ topic: 'orders', partition: 0, offset: 7, attempts: 3 }],
}
const moved = [{ topic: 'orders', partition: 0, from: 7, to: 0 }]

let asked: unknown[]
let server: Server
before(async () => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    asked.push([request.method, request.url, ...(body === '' ? [] : [JSON.parse(body) as unknown])])
    const path = request.url?.replace(/\?.*/, '')
    const answers: Record<string, unknown> = {
      'GET /api/v1/groups': [group],
      'GET /api/v1/groups/shop': group,
      'GET /api/v1/groups/stuck': { ...group, name: 'stuck', dead_letters: deadLetters },
      'GET /api/queues/%2F': [{ name: 'orders' }],
      'GET /api/vhosts/%2F': { name: '/' },
      'POST /api/v1/groups/shop/reset': { offsets: moved },
      'POST /api/v1/groups/shp/reset': asksOfTopic(body) && {
        offsets: [{ ...moved[0], from: null }],
      },
      'DELETE /api/v1/groups/shop': null,
    }
    const found = answers[`${request.method} ${path}`]
    response.statusCode = !found && found !== null ? 404 : found === null ? 204 : 200
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

/** Without a topic a group that is not there is refused. */
function asksOfTopic(body: string): boolean {
  return body.includes('"topic"')
}

function run(line: string): Promise<Outcome> {
  const { port } = server.address() as AddressInfo
  return pabal(line.split(' '), { environment: { PABAL_URL: `http://127.0.0.1:${port}` } })
}

test('groups are listed with what they have not read', async () => {
  assert.deepEqual((await run('group ls')).out, [
    'name  type     state  members  topics  lag',
    'shop  classic  Empty        1       1    5',
  ])
})

test('a group is shown with its places and members', async () => {
  assert.deepEqual((await run('group describe shop')).out, [
    'topic   partition  offset  end  lag  behind',
    'orders          0       7   12    5  1 min 5 s',
    '',
    'id   instance_id  client_id  host',
    'm-1               c          127.0.0.1',
  ])
  const json = await run('group describe shop -o json')
  assert.deepEqual(JSON.parse(json.out[0] ?? ''), group)
  const missing = await run('group describe shp')
  assert.deepEqual(missing.talk, ["there is no group 'shp'; did you mean 'shop'?"])
})

test('a group says where members begin again and again, and where that goes', async () => {
  assert.deepEqual((await run('group describe stuck')).out.slice(2), [
    '',
    'id   instance_id  client_id  host',
    'm-1               c          127.0.0.1',
    '',
    "Dead letters go to 'dead' after 5 attempts; 1 record was set aside since the start of the broker",
    'Members have begun 3 times at offset 7 of topic orders, partition 0',
  ])
})

test('a reset is shown before it is done', async () => {
  const dry = { topic: 'orders', to: 'first', partition: 0, dry_run: true }
  const reset = 'group reset shop --topic orders --to first --partition 0'
  const only = await run(`${reset} --dry-run`)
  assert.deepEqual(only.out, ["Would reset group 'shop' in 1 partition of topic 'orders'"])
  assert.deepEqual(asked, [['POST', '/api/v1/groups/shop/reset', dry]])
  const done = await run(`${reset} --yes`)
  assert.deepEqual(done.out, ["Group 'shop' was reset in 1 partition of topic 'orders'"])
  assert.deepEqual(done.talk, ['partition 0: from 7 to 0'])
  assert.deepEqual(asked.at(-1), ['POST', '/api/v1/groups/shop/reset', { ...dry, dry_run: false }])
})

test('a reset of all topics is one call', async () => {
  const done = await run('group reset shop --all-topics --to 1h --yes')
  assert.deepEqual(done.out, ["Group 'shop' was reset in 1 partition of all its topics"])
  assert.deepEqual(done.talk, ['orders, partition 0: from 7 to 0'])
  assert.deepEqual(asked.at(-1), [
    'POST',
    '/api/v1/groups/shop/reset',
    { to: '1h', dry_run: false },
  ])
  for (const wrong of ['', '--all-topics --topic orders', '--all-topics --partition 0']) {
    assert.equal((await run(`group reset shop --to first ${wrong}`.trim())).code, 64, wrong)
  }
  const { talk } = await run('group reset shp --all-topics --to first --yes')
  assert.deepEqual(talk, ["there is no group 'shp'; did you mean 'shop'?"])
})

test('a reset says which topic is not there, and that it would make a group', async () => {
  const wrong = await run('group reset none --topic order --to first --dry-run')
  assert.deepEqual(
    [wrong.code, wrong.talk],
    [66, ["there is no queue 'order' in virtual host '/'; did you mean 'orders'?"]],
  )
  const made = await run('group reset shp --topic orders --to first --dry-run')
  assert.deepEqual(made.talk.slice(0, 2), [
    "There is no group 'shp'; did you mean 'shop'? A reset makes one",
    'partition 0: from nowhere to 0',
  ])
})

test('a group is deleted when that is meant', async () => {
  assert.equal((await run('group rm shop')).code, 64)
  assert.ok(!asked.some((request) => (request as string[])[0] === 'DELETE'))
  assert.deepEqual((await run('group rm shop --yes')).out, ["Deleted: group 'shop'"])
  assert.deepEqual(asked.at(-1), ['DELETE', '/api/v1/groups/shop'])
})
