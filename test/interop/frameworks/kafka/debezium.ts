// Debezium in Kafka Connect reads a PostgreSQL's changes: node debezium.ts HOST:PORT PREFIX

import { PostgresServer } from '../../../support/postgres/postgres-server.ts'
import { prefix, range, step } from '../../node/report.ts'
import { ConnectWorker, type Settings } from './connect-worker.ts'
import { recordsOf, settingOf } from './kafka-side.ts'

const json = 'org.apache.kafka.connect.json.JsonConverter'
const topic = `${prefix}-db.public.orders`

interface Row {
  readonly id: number
  readonly item: string
  readonly price?: string
}

interface Change {
  readonly op: 'r' | 'c' | 'u' | 'd'
  readonly before: Row | null
  readonly after: Row | null
}

await using postgres = await PostgresServer.start({ wal_level: 'logical' })
await using worker = await ConnectWorker.start(`${prefix}-debezium`, {
  'key.converter': json,
  'value.converter': json,
  'key.converter.schemas.enable': 'false',
  'value.converter.schemas.enable': 'false',
  'topic.creation.enable': 'true',
})
const connector: Settings = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'database.hostname': '127.0.0.1',
  'database.port': String(postgres.port),
  'database.user': 'postgres',
  'database.password': 'none',
  'database.dbname': 'postgres',
  'plugin.name': 'pgoutput',
  'topic.prefix': `${prefix}-db`,
  'table.include.list': 'public.orders',
  'heartbeat.interval.ms': '500',
  'topic.creation.default.replication.factor': '1',
  'topic.creation.default.partitions': '2',
  'topic.creation.default.cleanup.policy': 'compact',
}

/** Changes in the order of each key, tombstones as null. */
async function changes(): Promise<(Change | null)[]> {
  const records = await recordsOf(topic)
  return records.map(({ value }) => (value === null ? null : (JSON.parse(value) as Change)))
}

/** Waits until a change is there that `isWanted`. */
function until(what: string, isWanted: (change: Change) => boolean): Promise<(Change | null)[]> {
  return worker.process.until(what, async () => {
    const all = await changes()
    return all.some((change) => change !== null && isWanted(change)) && all
  })
}

await postgres.run('create table orders (id int primary key, item text)')
await postgres.run('alter table orders replica identity full')
await postgres.run("insert into orders select n, 'item ' || n from generate_series(1, 50) n")

await step('snapshot', async () => {
  await worker.deploy('debezium', connector)
  const seen = await worker.process.until('all rows are there', async () => {
    const all = await changes()
    return all.length >= 50 && all
  })
  const ids = new Set(seen.map((change) => change?.after?.id))
  return { rows: ids.size, op: [...new Set(seen.map((change) => change?.op))] }
})

await step('topic as it was asked for', async () => {
  const records = await recordsOf(topic)
  return {
    policy: await settingOf(topic, 'cleanup.policy'),
    partitions: new Set(records.map(({ partition }) => partition)).size,
  }
})

await step('insert, update, delete', async () => {
  await postgres.run("insert into orders values (100, 'new')")
  await postgres.run("update orders set item = 'changed' where id = 100")
  await postgres.run('delete from orders where id = 100')
  await until('the delete', ({ op }) => op === 'd')
  const records = await worker.process.until('the tombstone', async () => {
    const all = await recordsOf(topic)
    const own = all.filter(({ key }) => key === '{"id":100}')
    return own.at(-1)?.value === null && own
  })
  return {
    changes: records.map(({ value }) => {
      if (value === null) return null
      const { op, before, after } = JSON.parse(value) as Change
      return [op, before?.item ?? null, after?.item ?? null]
    }),
  }
})

await step('a new column', async () => {
  await postgres.run('alter table orders add column price text')
  await postgres.run("insert into orders values (101, 'dear', '9.99')")
  const all = await until('the row', ({ after }) => after?.id === 101)
  return { price: all.find((change) => change?.after?.id === 101)?.after?.price }
})

await step('a transaction of the database comes in order', async () => {
  const updates = range(20).map((n) => `update orders set item = 'v${n}' where id = 1`)
  await postgres.run(`begin; ${updates.join('; ')}; commit`)
  const all = await until('the last one', ({ after }) => after?.item === 'v19')
  const items = all.flatMap((change) => (change?.op === 'u' ? [change.after?.item] : []))
  return { inOrder: items.slice(-20).every((item, n) => item === `v${n}`) }
})

await step('killed and started again', async () => {
  await postgres.run("insert into orders select n, 'before' from generate_series(200, 300) n")
  await worker.kill()
  await postgres.run("insert into orders select n, 'meanwhile' from generate_series(301, 400) n")
  await worker.restart()
  await worker.untilRuns('debezium')
  const all = await until('the last row', ({ after }) => after?.id === 400)
  const ids = new Set(all.map((change) => change?.after?.id))
  const snapshots = all.filter((change) => change?.op === 'r').length
  return { missing: range(201).filter((n) => !ids.has(200 + n)).length, snapshots }
})

await step('heartbeats', async () => {
  const name = `__debezium-heartbeat.${prefix}-db`
  const records = await worker.process.until('there is one', async () => {
    const all = await recordsOf(name)
    return all.length > 0 && all
  })
  return { some: records.length > 0 }
})
