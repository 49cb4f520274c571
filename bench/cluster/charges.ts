// What PostgreSQL and the store of objects are charged for a million messages of 1 KiB: statements and WAL of the one,
// requests of the other. Counts, so another machine has the same.
import { Kafka, logLevel } from 'kafkajs'
import { systemClock } from '../../src/lib/clock.ts'
import { wait } from '../../src/lib/wait.ts'
import { ClusterRig, type RequestCounts } from './cluster-rig.ts'
import { keepTable } from './cluster-table.ts'
import { consumeMany, publishMany } from './publish-many.ts'

const million = 1_000_000
const size = 1024
const batchSize = 500

interface Charges {
  readonly statements: number
  readonly commits: number
  readonly walBytes: number
  readonly requests: RequestCounts
}

/** What is sent every second without any message: it is taken off. */
const restMs = 20_000

async function chargesOf(rig: ClusterRig): Promise<Charges> {
  const ask = async (sql: string): Promise<number> => Number(await rig.postgres.run(sql))
  return {
    statements: await ask(
      `SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
        WHERE query ~ 'pabal.(wal_|files|manifests|empty_slot)' AND query !~ 'pg_stat'`,
    ),
    commits: await ask(
      `SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query ~ 'INSERT INTO pabal.wal_'`,
    ),
    walBytes: await ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"),
    requests: rig.requests,
  }
}

interface Measured {
  readonly name: string
  readonly messages: number
  readonly seconds: number
  readonly before: Charges
  readonly after: Charges
}

async function measure(
  rig: ClusterRig,
  name: string,
  messages: number,
  work: () => Promise<unknown>,
): Promise<Measured> {
  const before = await chargesOf(rig)
  const begun = performance.now()
  await work()
  // Files that are complete become objects a moment later.
  await wait(systemClock, 5000)
  const seconds = (performance.now() - begun) / 1000
  return { name, messages, seconds, before, after: await chargesOf(rig) }
}

function rowOf({ name, messages, seconds, before, after }: Measured, rest: number): string[] {
  // `rest`: bytes of a second in which nothing happens.
  const scale = million / messages
  const per = (value: number): string => Math.max(0, Math.round(value * scale)).toLocaleString('en')
  const sent = (...operations: readonly string[]): string =>
    per(
      operations.reduce(
        (sum, each) => sum + (after.requests[each] ?? 0) - (before.requests[each] ?? 0),
        0,
      ),
    )
  const wal = after.walBytes - before.walBytes - rest * seconds
  return [
    name,
    per(after.statements - before.statements),
    per(after.commits - before.commits),
    `${Math.max(0, (wal * scale) / 2 ** 20).toFixed(0)} MiB`,
    sent('put', 'part', 'begin', 'complete'),
    sent('get', 'head'),
    sent('list'),
    sent('delete'),
  ]
}

async function produceMany(port: number, count: number): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5 })
  await producer.connect()
  const value = Buffer.alloc(size, 'x')
  const messages = Array.from({ length: batchSize }, () => ({ value, partition: 0 }))
  for (let sent = 0; sent < count; sent += 4 * batchSize) {
    await Promise.all(Array.from({ length: 4 }, () => producer.send({ topic: 'bench', messages })))
  }
  await producer.disconnect()
}

/** `count` messages of each kind; with fewer than a million, scaled up. */
export async function measureCharges(count: number = million): Promise<void> {
  await using rig = await ClusterRig.open()
  const node = await rig.startNode('n1', { amqp: 0, kafka: 0 })
  const few = Math.ceil(count / 50)
  // Cells are opened, and their last owners' files become objects.
  await wait(systemClock, restMs)
  const start = await chargesOf(rig)
  await wait(systemClock, restMs)
  const idle = await chargesOf(rig)
  const rest = (idle.walBytes - start.walBytes) / (restMs / 1000)
  const parts = [
    await measure(rig, 'AMQP, 1,000 unconfirmed', count, () =>
      publishMany(node.amqpPort, { count, size, window: 1000 }),
    ),
    await measure(rig, 'taken and acked by the hundred', count, () =>
      consumeMany(node.amqpPort, count),
    ),
    await measure(rig, 'AMQP, each confirmed before the next', few, () =>
      publishMany(node.amqpPort, { count: few, size, window: 1 }),
    ),
    await measure(rig, `Kafka, batches of ${batchSize}, 4 at a time`, count, () =>
      produceMany(node.kafkaPort, count),
    ),
  ]
  keepTable('charges', {
    title: 'What PostgreSQL and S3 are charged for a million messages of 1 KiB',
    text: `One node, ${count.toLocaleString('en')} messages of each kind (${few.toLocaleString('en')} where each waits for its confirm, scaled up). Statements are those about files, of which each commit is one; heartbeats are left out. At rest a node writes ${(rest / 1024).toFixed(1)} KiB of WAL a second, which is taken off. Objects of what was acked are deleted a week later, one request each.`,
    columns: [
      'messages',
      'statements',
      'of them commits',
      'WAL',
      'PUT and parts',
      'GET and HEAD',
      'LIST',
      'DELETE',
    ],
    rows: parts.map((part) => rowOf(part, rest)),
  })
}
