// Nodes of a cluster that lose touch with PostgreSQL, as processes: one is stopped until another one has taken over,
// and wakes up; one is cut off for longer than its lease, and goes on.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { slowMsMax } from '../support/cluster-under-test.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { TcpProxy } from '../support/postgres/tcp-proxy.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const frozenLine = 'nothing is delivered, confirmed or answered until it does'
const takeoverMs = 40_000
const withoutLease = pathToFileURL(join(import.meta.dirname, 'without-lease.ts')).href

// They wait for time to pass.
const together = { skip: postgresMissing(), concurrency: true }

describe('nodes that lose touch with PostgreSQL', together, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pabal-s3-'))
  let postgres: PostgresServer
  let objects: S3Double

  before(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
    postgres = await PostgresServer.start({ fsync: 'on' })
    objects = await S3Double.open({ folder, clock: systemClock, random: systemRandom })
  })

  after(async () => {
    await objects?.close()
    await postgres?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const flags = (name: string, cluster: string): string[] => {
    const where = `s3://bucket/${cluster}?endpoint=${encodeURIComponent(objects.url)}`
    return [
      '--cluster',
      `${postgres.address}?schema=${cluster}`,
      '--objects',
      where,
      '--node-name',
      name,
      '--node-port',
      '0',
    ]
  }

  /** What clients of a node hear that was stopped until another one serves: bytes beside its last words. */
  const wakeUpReplaced = async (cluster: string, preloads: string[]): Promise<string[]> => {
    await using first = await TestBroker.start(flags('first', cluster), preloads, slowMsMax)
    await using consumer = await RawClient.openChannel(first.port)
    await using publisher = await RawClient.openChannel(first.port)
    await consumer.call(1, 'queue.declare', { queue: 'tasks' })
    await consumer.call(1, 'basic.qos', { prefetchCount: 1 })
    await publisher.call(1, 'confirm.select')
    await consumer.call(1, 'basic.consume', { queue: 'tasks', consumerTag: 'me' })
    for (const body of ['one', 'two']) publisher.publish(1, { routingKey: 'tasks' }, body)
    let confirmedTag = 0
    while (confirmedTag < 2)
      confirmedTag = Number((await publisher.expect(1, 'basic.ack')).args['deliveryTag'])
    const delivered = await consumer.expectMessage(1, 'basic.deliver')
    process.kill(first.pid ?? 0, 'SIGSTOP')
    // All of it waits in the sockets of the node that stands still.
    const { deliveryTag = 0 } = delivered.method.args
    consumer.send(1, 'basic.ack', { deliveryTag })
    consumer.send(1, 'basic.get', { queue: 'tasks' })
    publisher.publish(1, { routingKey: 'tasks' }, 'three')
    publisher.send(1, 'queue.declare', { queue: 'more' })
    await using second = await TestBroker.start(flags('second', cluster), [], slowMsMax)
    const hasTakenOver = (): boolean => second.output.includes('second serves cell 0')
    await waitFor('another node serves the cell', hasTakenOver, takeoverMs)
    process.kill(first.pid ?? 0, 'SIGCONT')
    const heard = [...(await namesUntilEnd(consumer)), ...(await namesUntilEnd(publisher))]
    return heard.filter((name) => name !== 'connection.close')
  }

  test('a node that wakes up when another one has its cell says nothing more', async () => {
    assert.deepEqual(await wakeUpReplaced('stopped', []), [])
  })

  test('without its lease it delivers what is another node’s', async () => {
    const heard = await wakeUpReplaced('planted', ['--import', withoutLease])
    assert.ok(heard.includes('basic.deliver'), heard.join(' '))
  })

  test('a node that is cut off for longer than its lease keeps its clients and goes on', async () => {
    await using link = await TcpProxy.start(postgres.port)
    const [, , ...rest] = flags('alone', 'cut')
    const address = `postgres://postgres@127.0.0.1:${link.port}/postgres?schema=cut`
    const args = ['--cluster', address, ...rest, '--http-port', '0']
    await using node = await TestBroker.start(args, [], slowMsMax)
    const ask = (): Promise<Response> => fetch(`http://127.0.0.1:${node.httpPort}/health/ready`)
    // It takes clients before it has the cell, and they wait.
    await waitFor('it serves the cell', () => node.output.includes('alone serves cell 0'))
    await using consumer = await RawClient.openChannel(node.port, { heartbeat: 2 })
    await using publisher = await RawClient.openChannel(node.port)
    await consumer.call(1, 'queue.declare', { queue: 'tasks' })
    await publisher.call(1, 'confirm.select')
    await consumer.call(1, 'basic.consume', { queue: 'tasks', consumerTag: 'me' })
    link.isRefusing = true
    link.cut()
    await waitFor('it freezes', async () => (await (await ask()).text()).includes('frozen'))
    const isTold = (): boolean => node.output.includes(frozenLine)
    await waitFor('it says so', isTold)
    publisher.publish(1, { routingKey: 'tasks' }, 'late')
    const beat = async (): Promise<void> => {
      for (;;) {
        const frame = await consumer.next()
        consumer.sendHeartbeat()
        if (frame.kind === 'heartbeat') return
        assert.fail(`it sends ${frame.kind}`)
      }
    }
    for (let count = 0; count < 2; count++) await beat()
    link.isRefusing = false
    await publisher.expect(1, 'basic.ack')
    await waitFor('it is ready', async () => (await ask()).status === 200)
    for (;;) {
      const frame = await consumer.next()
      if (frame.kind === 'heartbeat') continue
      assert.equal(frame.kind === 'method' && frame.name, 'basic.deliver')
      break
    }
    await waitFor('it says so', () => node.output.includes('the cells are still ours'))
  })
})

/** Of all methods that come before the connection ends. */
async function namesUntilEnd(client: RawClient): Promise<string[]> {
  const names: string[] = []
  for (;;) {
    const frame = await client.next(20_000)
    if (frame.kind === 'closed') return names
    if (frame.kind === 'method') names.push(frame.name)
    if (frame.kind === 'method' && frame.name === 'connection.close')
      client.send(0, 'connection.close-ok')
  }
}
