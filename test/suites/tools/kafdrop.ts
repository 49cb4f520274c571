// Kafdrop, a web page with topics, messages and groups. Its pages are also served as JSON.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { RunningTool, toolAddress } from './running-tool.ts'
import { kafkaServer, makeTraffic } from './traffic.ts'

const [host, port] = toolAddress.split(':')

let tool: RunningTool
before(async () => {
  await makeTraffic()
  const java = ['java', '-Xmx256m', '-jar', 'target/kafdrop-4.2.1-SNAPSHOT.jar']
  const server = [`--server.address=${host}`, `--server.port=${port}`]
  const kafka = `--kafka.brokerConnect=${kafkaServer}`
  const health = `--management.server.port=${port}`
  tool = await RunningTool.start([...java, ...server, health, kafka], '/actuator/health')
})
after(() => tool?.[Symbol.asyncDispose]())

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await tool.ask(path, { accept: 'application/json' })) as T
}

interface Partition {
  readonly firstOffset: number
  readonly size: number
  readonly underReplicated: boolean
}

interface Topic {
  readonly name: string
  readonly partitions: readonly Partition[]
  readonly totalSize: number
  readonly config: Readonly<Record<string, string>>
}

interface Group {
  readonly groupId: string
  readonly topics: readonly { readonly topic: string; readonly lag: number }[]
}

interface Message {
  readonly key: string
  readonly message: string
  readonly offset: number
  readonly headers: Readonly<Record<string, string>>
}

function messagesOf(topic: string, query: string): Promise<readonly Message[]> {
  const rest = 'format=DEFAULT&keyFormat=DEFAULT&isAnyProto=false'
  return json(`/topic/${topic}/messages?partition=0&${query}&${rest}`)
}

async function post(path: string, form: Readonly<Record<string, string>> = {}): Promise<number> {
  const { status } = await fetch(`http://${toolAddress}${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  })
  return status
}

test('overview: brokers, topics, work queues and streams', async () => {
  interface Overview {
    readonly summary: { readonly topicCount: number; readonly underReplicatedCount: number }
    readonly brokers: readonly { readonly id: number; readonly controller: boolean }[]
    readonly topics: readonly Topic[]
  }
  const { summary, brokers, topics } = await json<Overview>('/')
  assert.deepEqual([summary.topicCount, summary.underReplicatedCount], [3, 0])
  assert.deepEqual(
    brokers.map(({ id, controller }) => [id, controller]),
    [[1, true]],
  )
  assert.deepEqual(topics.map(({ name }) => name).sort(), ['events', 'jobs', 'orders'])
})

test('a topic: partitions, sizes and settings', async () => {
  const orders = await json<Topic>('/topic/orders')
  const seen = orders.partitions.map((each) => [each.firstOffset, each.size, each.underReplicated])
  assert.deepEqual(seen, [
    [0, 20, false],
    [0, 20, false],
  ])
  assert.equal(orders.totalSize, 40)
  const jobs = await json<Topic>('/topic/jobs')
  assert.deepEqual([jobs.totalSize, jobs.config['cleanup.policy']], [5, 'delete'])
})

test('messages with keys and headers, also of a work queue', async () => {
  const [, second] = await messagesOf('orders', 'offset=0&count=3')
  assert.deepEqual(
    [second?.offset, second?.key, second?.message, second?.headers],
    [1, 'key 2', '{"order":2}', { source: 'web' }],
  )
  const jobs = await messagesOf('jobs', 'offset=0&count=10')
  assert.deepEqual(
    jobs.map(({ message }) => message),
    ['job', 'job', 'job', 'job', 'job'],
  )
})

test('groups and their lag', async () => {
  const seen = (groups: readonly Group[]): unknown =>
    groups.map(({ groupId, topics }) => [groupId, topics.map(({ topic, lag }) => [topic, lag])])
  const expected = [['billing', [['orders', 10]]]]
  assert.deepEqual(seen(await json('/topic/orders/consumers')), expected)
  assert.deepEqual(seen([await json('/consumer/billing')]), expected)
})

test('pages for people', async () => {
  for (const path of ['/', '/topic/orders', '/topic/orders/allmessages', '/consumer/billing']) {
    assert.match(await tool.ask(path, { accept: 'text/html' }), /<title>Kafdrop: /)
  }
})

test('makes and deletes a topic', async () => {
  const made = { name: 'made', partitionsNumber: '3', replicationFactor: '1' }
  assert.equal(await post('/topic', made), 200)
  assert.equal((await json<Topic>('/topic/made')).partitions.length, 3)
  assert.equal(await post('/topic/made/delete'), 302)
  await assert.rejects(json('/topic/made'), /404/)
})
