// Jobs of a virtual host whose cell goes from node to node: a drain and a stop do not end them, a crash does.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JobJson } from '../../src/admin/v1/job-json.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { ClusterUnderTest } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const messageCount = 600
const perSecond = 60
const waitMs = 60_000
const names = ['n1', 'n2', 'n3'] as const

describe('jobs whose cell moves', { skip: postgresMissing() }, () => {
  let cluster: ClusterUnderTest
  const nodes = new Map<string, TestBroker>()

  before(async () => {
    cluster = await ClusterUnderTest.start()
    const started = await Promise.all(
      names.map((name) => cluster.startNode(name, ['--kafka-spread', 'true'])),
    )
    for (const [index, name] of names.entries()) nodes.set(name, started[index]!)
    await cluster.waitForCounts({ n1: 2, n2: 2, n3: 2 })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  const owner = (): Promise<string | undefined> => cluster.ownerOf(0)

  /** At a node that is no owner of the cell. */
  async function api<T>(method: string, path: string, body?: object): Promise<T> {
    const home = await owner()
    const other = [...nodes].find(([name]) => name !== home)![1]
    const answer = await fetch(`http://127.0.0.1:${other.httpPort}/api${path}`, {
      method,
      headers: { authorization: `Basic ${btoa('guest:guest')}` },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  async function declare(name: string): Promise<void> {
    await api('PUT', `/queues/%2F/${name}`, {
      durable: true,
      arguments: { 'x-queue-type': 'quorum' },
    })
  }

  async function messagesIn(queue: string): Promise<number> {
    return (await api<{ readonly messages: number }>('GET', `/queues/%2F/${queue}`)).messages
  }

  async function begin(kind: 'move' | 'copy', from: string, to: string): Promise<string> {
    await declare(to)
    await using amqp = await AmqpSession.open([...nodes.values()][0]!.url)
    const channel = await amqp.confirmChannel()
    for (let n = 0; n < messageCount; n++) {
      channel.sendToQueue(from, Buffer.from(String(n)), { persistent: true })
    }
    await channel.waitForConfirms()
    // What other cells lead is on its way there.
    const isThere = async (): Promise<boolean> => (await messagesIn(from)) === messageCount
    await waitFor('all are there', isThere, waitMs)
    const asked = { kind, queue: from, target: { to: 'queue', name: to } }
    const job = await api<JobJson>('POST', '/v1/jobs/%2F', {
      ...asked,
      messages_per_second: perSecond,
    })
    return job.id
  }

  async function look(id: string): Promise<JobJson> {
    return await api<JobJson>('GET', `/v1/jobs/%2F/${id}`)
  }

  /** In their order, unless they come from several partitions. */
  async function expectAllIn(to: string, isOrdered = true): Promise<void> {
    await using amqp = await AmqpSession.open([...nodes.values()][0]!.url)
    const channel = await amqp.channel()
    const texts: string[] = []
    await channel.consume(to, (message) => void texts.push(message!.content.toString()), {
      noAck: true,
    })
    await waitFor('all have come', () => texts.length >= messageCount, waitMs)
    const arrived = isOrdered ? texts : texts.toSorted((a, b) => Number(a) - Number(b))
    const sent = Array.from({ length: messageCount }, (_, n) => String(n))
    assert.deepEqual(arrived, sent)
  }

  async function drainOwner(): Promise<string> {
    const drained = (await owner())!
    await api('POST', `/v1/cluster/nodes/${drained}/drain`)
    const isElsewhere = async (): Promise<boolean> => ![undefined, drained].includes(await owner())
    await waitFor('another node has it', isElsewhere, waitMs)
    return drained
  }

  async function undrain(name: string): Promise<void> {
    await api('POST', `/v1/cluster/nodes/${name}/undrain`)
  }

  /** Resolves with all the states that were seen. */
  async function untilDone(id: string): Promise<Set<string>> {
    const states = new Set<string>()
    const isDone = async (): Promise<boolean> => {
      const { state } = await look(id)
      states.add(state)
      return state === 'done'
    }
    await waitFor('it is done', isDone, waitMs)
    return states
  }

  test('what other cells lead is copied as a whole', async () => {
    await api('POST', '/v1/topics', { name: 'spread', partitions: 6 })
    const id = await begin('copy', 'spread', 'copied')
    assert.equal((await look(id)).total, messageCount)
    const drained = await drainOwner()
    await untilDone(id)
    assert.equal((await look(id)).done, messageCount)
    await expectAllIn('copied', false)
    await undrain(drained)
  })

  test('a drain and a stop do not end them, nor make them faster', async () => {
    await declare('from')
    const id = await begin('move', 'from', 'to')
    const begun = performance.now()
    const drained = await drainOwner()
    const moved = await look(id)
    assert.deepEqual([moved.state, moved.reason], ['running', null])
    assert.ok(moved.looked_at < messageCount)
    const stopped = (await owner())!
    await nodes.get(stopped)!.stop()
    nodes.delete(stopped)
    await undrain(drained)
    const states = await untilDone(id)
    assert.deepEqual(
      [...states].filter((state) => state !== 'running'),
      ['done'],
    )
    const ms = performance.now() - begun
    assert.ok(ms > ((messageCount / perSecond) * 1000) / 2, `done in ${ms} ms`)
    assert.equal((await look(id)).done, messageCount)
    await expectAllIn('to')
  })

  test('a crash leaves them to whoever resumes them', async () => {
    await declare('again')
    const id = await begin('move', 'again', 'there')
    const killed = (await owner())!
    await nodes.get(killed)!.kill()
    nodes.delete(killed)
    await waitFor('it is served', async () => ![undefined, killed].includes(await owner()), waitMs)
    const [left] = nodes.values()
    const job = await waitFor(
      'it is shown',
      async () => {
        const path = `/api/v1/jobs/%2F/${id}`
        const answer = await fetch(`http://127.0.0.1:${left!.httpPort}${path}`, {
          headers: { authorization: `Basic ${btoa('guest:guest')}` },
        })
        return answer.ok ? ((await answer.json()) as JobJson) : undefined
      },
      waitMs,
    )
    assert.equal(job.state, 'interrupted')
  })
})
