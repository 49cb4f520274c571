// `pabal cluster dev`: a cluster in one command. What was confirmed through one node is there after the owner of its
// queue was killed, at another one and at the same one again, and nothing is left running when the command is killed.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { findPostgres } from '../../src/cli/cluster-dev/find-postgres.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { runPabal, type RunningCommand, startPabal } from '../support/run-pabal.ts'
import { waitFor } from '../support/wait-for.ts'

/** Two brokers and a PostgreSQL start beside others' tests; a dead owner is waited for. */
const slowMsMax = 60_000
/** All stop at once, on a machine that has much else to do; a node gives its stop up after 25 seconds. */
const endMsMax = 40_000
const messageCount = 1000

describe('a cluster in one command', { skip: postgresMissing() }, () => {
  test('other nodes have what was confirmed, at their own addresses, and all ends with the command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-cluster-dev-'))
    // Where root runs this, PostgreSQL has another user.
    chmodSync(folder, 0o711)
    const free = ['amqp', 'kafka', 'http', 'mqtt', 'stomp'].flatMap((service) => [
      `--${service}-port`,
      '0',
    ])
    const how = ['--nodes', '2', '--standby', '--data', folder]
    const command = startPabal(['cluster', 'dev', ...how, ...free])
    try {
      await said(command, /Ctrl-C stops everything/)
      const nodes = nodesIn(command.stdout())
      assert.deepEqual(
        nodes.map(({ cells }) => cells),
        [6, 6],
      )
      const [, ownerPid] = await said(command, /kill -9 (\d+) +the node that has the queue/)
      const owner = nodes.find(({ pid }) => pid === Number(ownerPid))
      const other = nodes.find((node) => node !== owner)
      assert.ok(owner && other)
      const [, postgres] = await said(command, /each commit: process (\d+)/)
      const [, standby] = await said(command, /has it as well: process (\d+)/)
      const log = readFileSync(join(folder, 'cluster-dev/logs/n1.log'), 'utf8')
      assert.doesNotMatch(log, /nobody waits for a standby/)

      await produce(other.kafka)
      const confirmed = await publishAndKill(other.amqp, owner.pid)
      await said(
        command,
        new RegExp(
          `The 6 cells of ${owner.name} are served elsewhere after \\d+\\.\\d s: ${other.name} has 6`,
        ),
      )
      const taken = new Set(await takeAll(other.amqp, confirmed.length / 2))
      const [, again] = await said(command, /is started again \(process (\d+)\)/)
      await said(command, /Each node has its share of the cells: n1 6, n2 6/)
      for (const n of await takeAll(owner.amqp)) taken.add(n)
      const lost = confirmed.filter((n) => !taken.has(n))
      assert.deepEqual(lost, [])
      assert.equal(await endOf(owner.kafka), '1')
      assert.equal((await fetch(`${owner.http}/health/ready`)).status, 200)

      command.child.kill('SIGKILL')
      await command.ended
      for (const pid of [owner.pid, other.pid, again, postgres, standby]) {
        await waitFor(`process ${pid} has ended`, () => !isRunning(Number(pid)), endMsMax)
      }
    } catch (error) {
      throw new Error(`It said:\n${command.stdout()}${command.stderr()}`, { cause: error })
    } finally {
      command.child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  })

  test('who asks for what cannot be is told', async () => {
    const { code, stderr } = await runPabal(['cluster', 'dev', '--nodes', '0'])
    assert.equal(code, 64)
    assert.match(stderr, /--nodes cannot be '0': use a number from 1 to 9/)
  })
})

test("PostgreSQL's programs are found on the PATH, too", () => {
  const found = findPostgres('')
  if (found !== undefined) assert.equal(findPostgres(found), found)
})

async function said({ stdout, child }: RunningCommand, words: RegExp): Promise<RegExpExecArray> {
  return await waitFor(
    `it says ${words}`,
    () => {
      const found = words.exec(stdout())
      if (found === null && child.exitCode !== null) throw new Error('it has ended')
      return found
    },
    slowMsMax,
  )
}

/** What was confirmed of messages that went out while the node was killed. */
async function publishAndKill(amqp: string, pid: number): Promise<number[]> {
  const session = await AmqpSession.open(amqp)
  const channel = await session.confirmChannel()
  await channel.assertQueue('orders', { durable: true })
  const confirmed: number[] = []
  const closed = session.connectionClosed().catch(() => undefined)
  for (let n = 0; n < messageCount; n++) {
    channel.sendToQueue('orders', Buffer.from(`${n}`), { persistent: true }, (error: unknown) => {
      if (error !== null && error !== undefined) return
      confirmed.push(n)
      if (confirmed.length === messageCount / 2) process.kill(pid, 'SIGKILL')
    })
  }
  await closed
  assert.ok(confirmed.length >= messageCount / 2)
  return confirmed
}

/** Those that are there, or only so many. */
async function takeAll(amqp: string, countMax = Number.POSITIVE_INFINITY): Promise<number[]> {
  await using session = await AmqpSession.open(amqp)
  const channel = await session.channel()
  const taken: number[] = []
  while (taken.length < countMax) {
    const message = await channel.get('orders', { noAck: true })
    if (message === false) break
    taken.push(Number(message.content.toString()))
  }
  return taken
}

interface ShownNode {
  readonly name: string
  readonly pid: number
  readonly cells: number
  readonly amqp: string
  readonly kafka: string
  readonly http: string
}

/** The rows of its table. */
function nodesIn(screen: string): ShownNode[] {
  const row = /^(n\d) +(\d+) +(\d+) +(amqp:\S+) +(localhost:\d+) +(http:\S+) +\d+ +\d+$/gm
  return [...screen.matchAll(row)].map(
    ([, name = '', pid, cells, amqp = '', kafka = '', http = '']) => ({
      name,
      pid: Number(pid),
      cells: Number(cells),
      amqp,
      kafka,
      http,
    }),
  )
}

function kafkaAt(address: string): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
}

async function produce(address: string): Promise<void> {
  const producer = kafkaAt(address).producer({ allowAutoTopicCreation: true })
  await producer.connect()
  await producer.send({ topic: 'events', messages: [{ value: 'one' }] })
  await producer.disconnect()
}

async function endOf(address: string): Promise<string | undefined> {
  const admin = kafkaAt(address).admin()
  await admin.connect()
  const [partition] = await admin.fetchTopicOffsets('events')
  await admin.disconnect()
  return partition?.high
}

/** One that has ended may still be listed, until whoever has it now asks for its end. */
function isRunning(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' })
    return !state.startsWith('Z')
  } catch {
    return false
  }
}
