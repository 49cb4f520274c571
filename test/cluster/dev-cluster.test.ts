// `pabal cluster dev`: a cluster in one command. What was confirmed through its one address is there after the node
// that served was killed, and nothing is left running when the command itself is killed.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
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
const messageCount = 1000

describe('a cluster in one command', { skip: postgresMissing() }, () => {
  test('the next node has what was confirmed, at the same address, and all ends with the command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-cluster-dev-'))
    // Where root runs this, PostgreSQL has another user.
    chmodSync(folder, 0o711)
    const free = ['amqp', 'kafka', 'http'].flatMap((service) => [`--${service}-port`, '0'])
    const command = startPabal(['cluster', 'dev', '--nodes', '2', '--data', folder, ...free])
    try {
      await said(command, /Ctrl-C stops everything/)
      const [, amqp] = await said(command, /(amqp:\/\/localhost:\d+)/)
      const [, serving] = await said(command, /^n\d +serves +(\d+)/m)
      const [, standingBy] = await said(command, /^n\d +stands by +(\d+)/m)
      const [, postgres] = await said(command, /each commit: process (\d+)/)

      const [, kafka] = await said(command, /kafka +(localhost:\d+)/)
      const [, http] = await said(command, /(http:\/\/localhost:\d+)/)
      await produce(kafka ?? '')
      const confirmed = await publishAndKill(amqp ?? '', Number(serving))
      const [, next] = await said(command, /n\d \(process (\d+)\) serves after \d+\.\d s: /)
      assert.equal(next, standingBy)
      const taken = new Set(await takeAll(amqp ?? ''))
      const lost = confirmed.filter((n) => !taken.has(n))
      assert.deepEqual(lost, [])
      assert.equal(await endOf(kafka ?? ''), '1')
      assert.equal((await fetch(`${http}/health/ready`)).status, 200)
      const [, again] = await said(command, /is started again \(process (\d+)\)/)

      command.child.kill('SIGKILL')
      await command.ended
      for (const pid of [serving, next, again, postgres]) {
        await waitFor(`process ${pid} has ended`, () => !isRunning(Number(pid)), slowMsMax)
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

async function takeAll(amqp: string): Promise<number[]> {
  await using session = await AmqpSession.open(amqp)
  const channel = await session.channel()
  const taken: number[] = []
  for (;;) {
    const message = await channel.get('orders', { noAck: true })
    if (message === false) return taken
    taken.push(Number(message.content.toString()))
  }
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
