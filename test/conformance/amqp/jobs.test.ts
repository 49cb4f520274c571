// Jobs by HTTP, and what AMQP clients see of them: dead letters go back to where they came from.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, GetMessage } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import { uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: TestBroker
let session: AmqpSession
let channel: Channel
before(async () => {
  broker = await TestBroker.start(['--http-port', '0'])
  session = await AmqpSession.open(broker.url)
  channel = await session.channel()
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

interface JobJson {
  readonly id: string
  readonly state: string
  readonly done: number
  readonly reason: string | null
  readonly undoable: { readonly messages: number; readonly is_all: boolean }
  readonly skipped: readonly { readonly reason: string; readonly count: number }[]
}

const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`

async function ask<T>(
  method: string,
  path: string,
  body?: object,
  login = 'guest:guest',
): Promise<[number, T]> {
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}/api/v1${path}`, {
    method,
    headers: { authorization: basic(login) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return [response.status, (response.status === 204 ? undefined : await response.json()) as T]
}

async function begin(path: string, body: object): Promise<JobJson> {
  const [status, job] = await ask<JobJson>('POST', path, body)
  assert.equal(status, 202, JSON.stringify(job))
  return await waitFor('the job to end', async () => {
    const [, now] = await ask<JobJson>('GET', `/jobs/%2F/${job.id}`)
    return now.state === 'running' ? undefined : now
  })
}

async function get(queue: string, noAck = true): Promise<GetMessage> {
  const message = await waitFor('a message', () => channel.get(queue, { noAck }))
  assert.ok(typeof message === 'object')
  return message
}

async function count(queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

/** A queue with four dead letters in another one. */
async function deadLetters(): Promise<{ orders: string; dead: string }> {
  const [orders, dead, shop] = ['orders', 'dead', 'shop'].map(uniqueName) as [
    string,
    string,
    string,
  ]
  await channel.assertExchange(shop, 'topic')
  await channel.assertQueue(dead)
  await channel.assertQueue(orders, { deadLetterExchange: '', deadLetterRoutingKey: dead })
  await channel.bindQueue(orders, shop, 'new.*')
  for (const number of [1, 2, 3, 4]) {
    const body = Buffer.from(JSON.stringify({ number }))
    channel.publish(shop, `new.${number}`, body, { messageId: `${number}` })
  }
  for (let left = 4; left > 0; left--) {
    channel.nack(await get(orders, false), false, false)
  }
  // What is durable of them: all of them are seen before.
  await waitFor('the dead letters', async () => {
    const [, seen] = await ask<{ messages: number }>('POST', '/jobs/%2F/preview', {
      kind: 'delete',
      queue: dead,
    })
    return seen.messages === 4
  })
  return { orders, dead }
}

describe('a job by HTTP', () => {
  it('shows what it would do, redrives, and is undone', async () => {
    const { orders, dead } = await deadLetters()
    const asked = { kind: 'redrive', queue: dead }
    const [, preview] = await ask<object>('POST', '/jobs/%2F/preview', asked)
    const { messages, targets, is_all } = preview as Record<string, unknown>
    assert.deepEqual([messages, targets, is_all], [4, [{ queue: orders, messages: 4 }], true])
    assert.equal(await count(dead), 4)

    const job = await begin('/jobs/%2F', asked)
    assert.deepEqual([job.state, job.done, job.skipped], ['done', 4, []])
    assert.deepEqual(job.undoable, { messages: 4, is_all: true })
    const first = await get(orders)
    assert.match(first.fields.exchange, /./)
    assert.deepEqual(
      [first.fields.routingKey, first.properties.messageId, first.fields.redelivered],
      ['new.1', '1', false],
    )
    const [death] = first.properties.headers!['x-death'] as { queue: string; reason: string }[]
    assert.deepEqual([death!.queue, death!.reason], [orders, 'rejected'])

    const undo = await begin(`/jobs/%2F/${job.id}/undo`, {})
    assert.deepEqual([undo.state, undo.done], ['done', 3])
    assert.equal(await count(orders), 0)
    const back = await get(dead)
    assert.deepEqual([back.fields.routingKey, back.properties.messageId], [dead, '2'])
  })

  it('copies what a filter finds, as somebody has edited it', async () => {
    const { dead } = await deadLetters()
    const target = uniqueName('jobs')
    await channel.assertQueue(target)
    const job = await begin('/jobs/%2F', {
      kind: 'copy',
      queue: dead,
      target: { to: 'queue', name: target },
      filter: { json: [{ path: '$.number', is: 'greater', value: 3 }] },
      edit: { payload: 'new', set_headers: { fixed: true }, remove_headers: ['x-death'] },
    })
    assert.equal(job.done, 1)
    const message = await get(target)
    assert.equal(message.content.toString(), 'new')
    assert.deepEqual(
      [message.properties.messageId, message.properties.headers!['fixed']],
      ['4', true],
    )
    assert.equal(message.properties.headers!['x-death'], undefined)
    assert.equal(await count(dead), 4)
  })

  it('has groups of dead letters to begin with', async () => {
    const { orders, dead } = await deadLetters()
    const [, queues] = await ask<readonly { queue: string; sources: string[] }[]>(
      'GET',
      '/dead-letters/%2F',
    )
    assert.deepEqual(queues.find(({ queue }) => queue === dead)?.sources, [orders])
    const [, answer] = await ask<{ groups: readonly Record<string, unknown>[]; next: null }>(
      'GET',
      `/dead-letters/%2F/${dead}`,
    )
    const [group, ...others] = answer.groups
    assert.deepEqual([others, answer.next], [[], null])
    const { reason, queue, count } = group!
    assert.deepEqual([reason, queue, count], ['rejected', orders, 4])
  })

  it('is found, controlled and forgotten', async () => {
    const { orders, dead } = await deadLetters()
    const slow = { kind: 'move', queue: dead, target: { to: 'queue', name: orders } }
    const [, job] = await ask<JobJson>('POST', '/jobs/%2F', { ...slow, messages_per_second: 0.01 })
    const path = `/jobs/%2F/${job.id}`
    const [, listed] = await ask<readonly JobJson[]>('GET', '/jobs')
    assert.ok(listed.some(({ id }) => id === job.id))
    assert.equal((await ask('DELETE', path))[0], 400)
    const [, paused] = await ask<JobJson>('POST', `${path}/pause`, {})
    assert.equal(paused.state, 'paused')
    assert.equal((await ask('POST', `${path}/pause`, {}))[0], 400)
    const [, resumed] = await ask<JobJson>('POST', `${path}/resume`, {})
    assert.equal(resumed.state, 'running')
    const [, cancelled] = await ask<JobJson>('POST', `${path}/cancel`, {})
    assert.equal(cancelled.state, 'cancelled')
    assert.equal((await count(dead)) + (await count(orders)), 4)
    assert.equal((await ask('DELETE', path))[0], 204)
    assert.equal((await ask('GET', path))[0], 404)
  })

  it('is begun with the rights of its user, and stopped by that one or an administrator', async () => {
    const { orders, dead } = await deadLetters()
    const admin = (path: string, body: object): Promise<Response> =>
      fetch(`http://127.0.0.1:${broker.httpPort}/api${path}`, {
        method: 'PUT',
        headers: { authorization: basic('guest:guest') },
        body: JSON.stringify(body),
      })
    assert.ok((await admin('/users/helper', { password: 'secret', tags: 'management' })).ok)
    const rights = { configure: '', write: `^${dead}$`, read: '.*' }
    assert.ok((await admin('/permissions/%2F/helper', rights)).ok)
    const move = { kind: 'move', queue: dead, target: { to: 'queue', name: orders } }
    const [, slow] = await ask<JobJson>('POST', '/jobs/%2F', { ...move, messages_per_second: 0.01 })

    const asHelper = <T>(method: string, path: string, body?: object): Promise<[number, T]> =>
      ask(method, path, body, 'helper:secret')
    const [, seen] = await asHelper<JobJson>('GET', `/jobs/%2F/${slow.id}`)
    assert.equal(seen.state, 'running')
    assert.equal((await asHelper('POST', `/jobs/%2F/${slow.id}/cancel`, {}))[0], 401)
    assert.equal((await ask('POST', `/jobs/%2F/${slow.id}/cancel`, {}))[0], 200)

    const [, refused] = await asHelper<JobJson>('POST', '/jobs/%2F', move)
    const ended = await waitFor('the job to end', async () => {
      const [, now] = await asHelper<JobJson>('GET', `/jobs/%2F/${refused.id}`)
      return now.state === 'running' ? undefined : now
    })
    assert.match(
      ended.reason!,
      /write access to queue '.*' in vhost '\/' refused for user 'helper'/,
    )
    assert.equal(ended.done, 0)
    const [status] = await ask('POST', `/jobs/%2F/${refused.id}/resume`, {})
    assert.equal(status, 200)
    await waitFor('the messages to move', async () => (await count(dead)) === 0)
  })

  it('is refused in words', async () => {
    const queue = uniqueName('jobs')
    await channel.assertQueue(queue)
    const refused: readonly (readonly [object, number, RegExp])[] = [
      [{ kind: 'move', queue }, 400, /needs a target/],
      [{ kind: 'redrive', queue: uniqueName('jobs') }, 404, /Not Found/],
      [{ kind: 'move', queue, target: { to: 'queue' } }, 400, /target.name is missing/],
      [{ kind: 'redrive', queue, messages: [{ partition: 7, offset: 0 }] }, 400, /partition/],
      [{ kind: 'delete', queue, edit: { payload: 'x' } }, 400, /edits nothing/],
    ]
    const own = uniqueName('own')
    await channel.assertQueue(own, { exclusive: true })
    const exclusive = await ask<{ reason: string }>('POST', '/jobs/%2F', {
      kind: 'delete',
      queue: own,
    })
    assert.match(exclusive[1].reason, /cannot obtain exclusive access/)
    for (const [body, expected, reason] of refused) {
      const [status, answer] = await ask<{ reason: string }>('POST', '/jobs/%2F', body)
      assert.equal(status, expected)
      assert.match(answer.reason, reason)
    }
  })
})
