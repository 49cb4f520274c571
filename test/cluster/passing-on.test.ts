// Clients of AMQP at a node of a cluster that does not serve their virtual host, on a real PostgreSQL and a store that
// speaks S3. They notice nothing of it; when the owner is killed they are told, come back to the same address, and find
// all that was confirmed.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AMQPClient } from '@cloudamqp/amqp-client'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { RawClient } from '../support/raw-client.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

const messageCount = 300
/** Nodes start beside others' tests; an owner is dead after five seconds. */
const slowMsMax = 40_000

describe(
  'clients at a node that does not serve their virtual host',
  { skip: postgresMissing() },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-s3-'))
    let postgres: PostgresServer
    let objects: S3Double
    let owner: TestBroker
    let edge: TestBroker

    before(async () => {
      // The store takes any; the SDK looks for some.
      process.env['AWS_ACCESS_KEY_ID'] = 'test'
      process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
      postgres = await PostgresServer.start({ fsync: 'on' })
      objects = await S3Double.open({ folder, clock: systemClock, random: systemRandom })
      owner = await TestBroker.start([...flags('owner'), '--http-port', '0'], [], slowMsMax)
      await waitFor('it serves', () => owner.output.includes('serves cell 0 '), slowMsMax)
      edge = await TestBroker.start(flags('edge'), [], slowMsMax)
    })

    after(async () => {
      await edge?.[Symbol.asyncDispose]()
      await owner?.[Symbol.asyncDispose]()
      await objects?.close()
      await postgres?.[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    })

    const flags = (name: string): string[] => {
      const store = `s3://bucket/passing?endpoint=${encodeURIComponent(objects.url)}`
      const cluster = ['--cluster', `${postgres.address}?schema=passing`, '--objects', store]
      return [...cluster, '--node-name', name, '--node-port', '0', '--log-format', 'json']
    }

    test('small and large messages go through, there and back', async () => {
      await using session = await AmqpSession.open(edge.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue('sizes', { durable: true })
      const bodies = [0, 1, 4000, 131_064, 131_065, 6_000_000].map((size) => randomBytes(size))
      for (const body of bodies) channel.sendToQueue('sizes', body, { persistent: true })
      await channel.waitForConfirms()

      const client = new AMQPClient(edge.url)
      const connection = await client.connect()
      const received: string[] = []
      const consuming = await connection.channel()
      await consuming.basicConsume('sizes', { noAck: true }, ({ body }) => {
        received.push(hashOf(body ?? new Uint8Array()))
      })
      await waitFor('all have come', () => received.length === bodies.length)
      assert.deepEqual(received, bodies.map(hashOf))
      await connection.close()
    })

    test('the owner lists them as who they are', async () => {
      await using client = await RawClient.open(edge.port)
      const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
      const url = `http://127.0.0.1:${owner.httpPort}/api/connections`
      const listed = await waitFor('it is listed', async () => {
        const answer = await fetch(url, { headers: { authorization } })
        const all = (await answer.json()) as readonly Record<string, unknown>[]
        return all.find(({ peer_port: port }) => port === client.localPort)
      })
      assert.equal(listed['name'], `127.0.0.1:${client.localPort} -> 127.0.0.1:${edge.port}`)
      assert.equal(listed['user'], 'guest')
    })

    test('one that is nowhere is refused as always', async () => {
      const client = await RawClient.tune(edge.port, { vhost: 'nowhere' })
      const { code, text } = await client.expectClose(0)
      assert.deepEqual([code, text], [530, 'NOT_ALLOWED - vhost nowhere not found'])
    })

    test('when the owner is killed they are told, and find all that was confirmed at the same address', async () => {
      const session = await AmqpSession.open(edge.url)
      const channel = await session.confirmChannel()
      await channel.assertQueue('tasks', { durable: true })
      for (let n = 0; n < messageCount; n++) {
        channel.sendToQueue('tasks', Buffer.from(String(n)), { persistent: true })
      }
      await channel.waitForConfirms()
      const raw = await RawClient.open(edge.port)
      const closed = session.connectionClosed()
      await owner.kill()
      const { code, text } = await raw.expectClose(0)
      assert.equal(code, 320)
      assert.equal(
        text,
        'CONNECTION_FORCED - owner, the node that served its virtual host, is gone',
      )
      assert.equal((await closed)?.code, 320)

      // The first try waits until the cell is served again, or is told that it is not yet.
      const again = await waitFor(
        'it is served again',
        () => AmqpSession.open(edge.url).catch(() => undefined),
        slowMsMax,
      )
      await using _ = again
      const taking = await again.channel()
      const taken: number[] = []
      for (;;) {
        const message = await taking.get('tasks', { noAck: true })
        if (message === false) break
        taken.push(Number(message.content.toString()))
      }
      assert.deepEqual(
        taken,
        Array.from({ length: messageCount }, (_each, index) => index),
      )
    })
  },
)

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
