import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askApi, createOwnersRoutes, createRoutesAs } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'

interface Answer {
  readonly messages: readonly { readonly stream: string; readonly state?: string }[]
  readonly next: string | null
  readonly progress: { readonly messages: number; readonly messages_total: number }
  readonly not_allowed: number
}

const path = '/v1/messages/%2F/search'
const filter = { message_id: 'order-7' }

test('a message is found wherever it is, and only by those who may read it', async () => {
  const managed = openManagedBroker()
  const owner = createOwnersRoutes(managed)
  const ask = async (routes: typeof owner, body: object): Promise<Answer> => {
    const [status, answer] = await askApi(routes, `POST ${path}`, body)
    assert.equal(status, 200, JSON.stringify(answer))
    return answer as Answer
  }
  const messages = [{ payload: 'x', properties: { message_id: 'order-7' } }, { payload: 'other' }]
  for (const queue of ['a', 'b', 'c']) {
    await askApi(owner, `PUT /queues/%2F/${queue}`, { durable: true })
    await askApi(owner, `POST /v1/streams/%2F/${queue}/messages`, { messages })
  }
  const all = await ask(owner, { filter })
  assert.deepEqual(
    all.messages.map(({ stream, state }) => [stream, state]),
    ['a', 'b', 'c'].map((stream) => [stream, 'ready']),
  )
  assert.deepEqual([all.next, all.progress.messages, all.progress.messages_total], [null, 6, 6])

  const streams: string[] = []
  let cursor: string | undefined
  do {
    const page = await ask(owner, { filter, count: 1, ...(cursor !== undefined && { cursor }) })
    streams.push(...page.messages.map(({ stream }) => stream))
    cursor = page.next ?? undefined
    if (streams.length === 1) await askApi(owner, 'DELETE /queues/%2F/b')
  } while (cursor !== undefined)
  assert.deepEqual(streams, ['a', 'c'])

  await askApi(owner, 'PUT /users/few', { password: 'x', tags: 'management' })
  await askApi(owner, 'PUT /permissions/%2F/few', { configure: '', write: '', read: '^c$' })
  const few = createRoutesAs(managed, { user: 'few', tags: ['management'] })
  const seen = await ask(few, { filter })
  assert.deepEqual([seen.messages.length, seen.not_allowed], [1, 1])

  for (const bad of [{ filter: {} }, { filter, from: '7' }, { filter, cursor: 'x' }]) {
    assert.equal((await askApi(owner, `POST ${path}`, bad))[0], 400, JSON.stringify(bad))
  }
})
