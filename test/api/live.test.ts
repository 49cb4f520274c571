// Live views of a running broker: what changes is told, to whom may see it, until the login or the broker ends.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { liveLimits } from '../../src/limits/live.ts'
import { EventStream } from '../support/event-stream.ts'
import { waitFor } from '../support/wait-for.ts'
import { ApiUnderTest, type ApiUser } from './api-under-test.ts'

const api = await ApiUnderTest.start()
after(() => api[Symbol.asyncDispose]())

interface ViewData {
  readonly view: number
  readonly status: number
  readonly body: never
}

function urlOf(views: readonly string[]): string {
  const query = views.map((view) => `view=${encodeURIComponent(view)}`).join('&')
  return `http://127.0.0.1:${api.portOf('http')}/api/v1/live?${query}`
}

function open(views: readonly string[], user: ApiUser | 'brief' = 'own'): Promise<EventStream> {
  return EventStream.open(urlOf(views), { auth: `${user}:${user}` })
}

/** The next view that this is true of. */
async function viewOf(
  stream: EventStream,
  isWanted: (data: ViewData) => boolean,
): Promise<ViewData> {
  for (;;) {
    const event = await stream.next()
    assert.ok(event !== undefined, 'the stream has ended')
    if (event.type !== 'view') continue
    const data = JSON.parse(event.data) as ViewData
    if (isWanted(data)) return data
  }
}

test('views are as their own paths answer them, for any name, and follow what changes', async () => {
  for (const name of ['..', '%2F', '%FF%00', '%F0%9F%98%80', 'a%20b', '']) {
    await api.make('PUT', `/queues/%2F/${name === '' ? 'plain' : name}`, { durable: true })
  }
  const views = [
    '/queues/%2F/..?columns=name,messages',
    '/queues/%2F/%2F?columns=name',
    '/queues/%2F/%FF%00?columns=name',
    '/queues/%2F/%F0%9F%98%80?columns=name',
    '/queues/%2F/a%20b?columns=name',
    '/no/such/thing',
    '/queues?page=1&page_size=2&sort=name&columns=name',
    '/queues?page=x',
    '/whoami',
  ]
  await using stream = await open(views)
  const seen: ViewData[] = []
  while (seen.filter(Boolean).length < views.length) {
    const data = await viewOf(stream, () => true)
    seen[data.view] = data
  }
  for (const [index, view] of views.entries()) {
    const { status, json } = await api.call({ method: 'GET', path: `/api${view}`, as: 'own' })
    assert.deepEqual([seen[index]?.status, seen[index]?.body], [status, json], view)
  }
  await api.make('POST', '/v1/streams/%2F/../messages', { messages: [{ payload: 'x' }] })
  const changed = await viewOf(stream, ({ view }) => view === 0)
  assert.deepEqual(changed.body, { name: '..', messages: 1 })
  await api.make('DELETE', '/queues/%2F/..')
  assert.equal((await viewOf(stream, ({ view }) => view === 0)).status, 404)
})

test('the time comes first', async () => {
  await using stream = await open([])
  const [event] = await stream.take(1)
  assert.equal(event?.type, 'time')
  assert.ok(Math.abs(Number(event?.data) - Date.now()) < 10_000)
})

test('rights are those of the caller, at each moment', async () => {
  await api.make('PUT', '/users/brief', { password: 'brief', tags: 'management' })
  await using stream = await open(['/queues/%2F/plain?columns=name', '/users'], 'brief')
  assert.equal((await viewOf(stream, ({ view }) => view === 0)).status, 404)
  assert.equal((await viewOf(stream, ({ view }) => view === 1)).status, 401)
  const all = { configure: '.*', write: '.*', read: '.*' }
  await api.make('PUT', '/permissions/%2F/brief', all)
  assert.equal((await viewOf(stream, ({ view }) => view === 0)).status, 200)
  await api.make('DELETE', '/permissions/%2F/brief')
  assert.equal((await viewOf(stream, ({ view }) => view === 0)).status, 404)
  await api.make('DELETE', '/users/brief')
  let event = await stream.next()
  while (event?.type === 'time') event = await stream.next()
  assert.deepEqual([event?.type, event?.data], ['end', '{"reason":"the login has ended"}'])
  assert.equal(await stream.next(), undefined)
})

test('what is no piece of JSON cannot be a view', async () => {
  const refused = async (...views: string[]): Promise<string> => {
    const query = views.map((view) => `view=${encodeURIComponent(view)}`).join('&')
    const path = `/api/v1/live?${query}`
    const { status, text } = await api.call({ method: 'GET', path, as: 'own' })
    assert.equal(status, 400, text)
    return text
  }
  for (const path of [
    '/v1/backup',
    '/v1/live?view=/a',
    '/v1/streams/%2F/x/tail',
    '/v1/streams/a/b/export',
  ]) {
    assert.match(await refused('/overview', path), /more than a piece of JSON/)
  }
  assert.match(await refused('overview'), /no path below/)
  for (const name of ['wait_ms', 'wait\t_ms', 'wait%5Fms']) {
    assert.match(await refused(`/v1/traces/%2F/x/events?${name}=1000`), /do not wait/)
  }
  assert.match(await refused(...Array(liveLimits.viewsMax + 1).fill('/overview')), /more than 32/)
})

test('a user has so many of them, and each that goes makes room', async () => {
  const streams: EventStream[] = []
  for (let count = 0; count < liveLimits.connectionsPerUserMax; count++) {
    streams.push(await open([], 'monitoring'))
  }
  const asked = { method: 'GET', path: '/api/v1/live?view=/a', as: 'monitoring' } as const
  const refused = await api.call(asked)
  assert.equal(refused.status, 429)
  assert.ok(refused.headers['retry-after'])
  for (const stream of streams) await stream[Symbol.asyncDispose]()
  await waitFor('there is room again', async () => (await api.call(asked)).status === 200)
})

test('HEAD has no body, and HTTP/1.0 gets events, too', async () => {
  const path = '/api/v1/live?view=%2Foverview'
  const head = await api.call({ method: 'HEAD', path, as: 'own' })
  assert.equal(head.status, 200)
  const socket = connect(api.portOf('http'), '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.0\r\nAuthorization: Basic ${btoa('own:own')}\r\n\r\n`)
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  await waitFor('a view comes', () => text.includes('"view":0,"status":200'))
  assert.doesNotMatch(text, /chunked/i)
  socket.destroy()
})
