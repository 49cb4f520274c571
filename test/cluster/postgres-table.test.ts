// Tables of cells on a real PostgreSQL: the suite, also with answers that are lost; fencing; requests that
// arrive late; open files that leave nothing behind; heartbeats and claims. PABAL_POSTGRES_EFFORT=5 does five times
// as much of what is done many times.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { CellTable } from '../../src/log/cluster/cell-table.ts'
import { diskErrorKind } from '../../src/log/file/disk-error.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { TcpProxy } from '../support/postgres/tcp-proxy.ts'
import { waitFor } from '../support/wait-for.ts'
import { append, cellTableSuite, readAll } from './cell-table-suite.ts'
import { CellsUnderTest } from './cells-under-test.ts'

const effort = Number(process.env['PABAL_POSTGRES_EFFORT'] ?? 1)

describe('a cell on PostgreSQL', { skip: postgresMissing() }, () => {
  let server: PostgresServer
  let proxy: TcpProxy
  let cells: CellsUnderTest
  let lossy: CellsUnderTest

  const throughProxy = (schema: string): string =>
    `postgres://postgres@127.0.0.1:${proxy.port}/postgres?schema=${schema}`

  before(async () => {
    server = await PostgresServer.start()
    proxy = await TcpProxy.start(server.port)
    cells = await CellsUnderTest.open(`${server.address}?schema=direct`)
    lossy = await CellsUnderTest.open(throughProxy('lossy'))
  })

  after(async () => {
    await cells?.[Symbol.asyncDispose]()
    await lossy?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  cellTableSuite('PostgreSQL', () => cells)

  describe('with answers lost', () => {
    before(() => {
      const random = seededRandom(18)
      // Answers to writes are short.
      proxy.losesAnswer = (answer) => answer.length < 200 && random.next() < 0.08
    })
    after(() => {
      proxy.losesAnswer = undefined
    })

    cellTableSuite('PostgreSQL, lossy', () => lossy)
  })

  test('an append that races a claim is confirmed and kept, or fenced', async () => {
    const countConnections = async (): Promise<number> =>
      Number(
        await server.run(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pabal'`),
      )
    const connectionsBefore = await countConnections()
    const { table: first, cell } = await cells.claimNew()
    let table: CellTable = first
    let text = ''
    for (let round = 0; round < 6 * effort; round += 1) {
      const size = text.length
      const outcome = append(table, 1, size, Buffer.from(`${round},`)).then(
        () => 'confirmed',
        (error: unknown) => diskErrorKind(error),
      )
      const next = await cells.claim(cell)
      const found = (await next.openFiles()).has(1) ? (await readAll(next, 1)).toString() : ''
      const expected =
        (await outcome) === 'confirmed' ? [`${text}${round},`] : [text, `${text}${round},`]
      assert.ok(expected.includes(found), `${found} after ${await outcome}`)
      await assert.rejects(
        append(table, 1, size + (found.length - size), Buffer.from('!')),
        (error) => diskErrorKind(error) === 'fenced',
      )
      assert.equal((await next.openFiles()).get(1) ?? 0, found.length)
      text = found
      table = next
    }
    await waitFor(
      'fenced tables let go of their connections',
      async () => (await countConnections()) <= connectionsBefore + 2,
    )
  })

  test('a claim waits for an append that has looked at the epoch and not yet written', async () => {
    const { table, claimAgain, cell } = await cells.claimNew()
    await append(table, 1, 0, Buffer.from('one,'))
    await server.run(`CREATE FUNCTION direct.sleep() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_sleep(0.4); RETURN new; END';
      CREATE TRIGGER slow BEFORE INSERT ON direct.wal_${cell}_0
      FOR EACH ROW EXECUTE FUNCTION direct.sleep()`)
    const appended = append(table, 1, 4, Buffer.from('two,'))
    await waitFor(
      'it is about to write',
      async () =>
        (await server.run(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'
        AND application_name = 'pabal'`)) !== '0',
    )
    const next = await claimAgain()
    assert.equal((await readAll(next, 1)).toString(), 'one,two,')
    await appended
  })

  test('a request that arrives after its connection was given up does nothing', async () => {
    const slow = await CellsUnderTest.open(throughProxy('late'))
    await using _ = slow
    const { table, cell } = await slow.claimNew()
    await append(table, 1, 0, Buffer.from('one'))
    proxy.isKeepingRequests = true
    const appended = append(table, 1, 3, Buffer.from('two'))
    await waitFor('the request is on its way', () => proxy.keptSize > 0)
    proxy.isKeepingRequests = false
    proxy.cutClients()
    await appended
    assert.equal((await readAll(table, 1)).toString(), 'onetwo')
    await table.removeOpenFile(1)
    await append(table, 2, 0, Buffer.from('three'))
    proxy.deliverKept()
    await waitFor('late requests were handled', () => proxy.keptSize === 0)
    await append(table, 2, 5, Buffer.from('four'))
    const rows = await server.run(`SELECT file, position FROM late.wal_${cell}_0 ORDER BY 1, 2`)
    assert.equal(rows, '2|0\n2|5')
  })

  test('an append whose answer was lost is there once', async () => {
    await using slow = await CellsUnderTest.open(throughProxy('lost'))
    const { table } = await slow.claimNew()
    await append(table, 1, 0, Buffer.from('one'))
    for (const text of ['two', 'x'.repeat(600_000)]) {
      const size = (await table.openFiles()).get(1) ?? 0
      let lostCount = 0
      proxy.losesAnswer = () => {
        proxy.losesAnswer = undefined
        lostCount += 1
        return true
      }
      await append(table, 1, size, Buffer.from(text))
      assert.equal(lostCount, 1)
    }
    assert.equal((await readAll(table, 1)).length, 600_006)
    assert.equal(slow.troubles.length, 2)
  })

  test('a retry that finds other bytes in its place is fenced for good', async () => {
    await using slow = await CellsUnderTest.open(throughProxy('other'))
    const { table, cell } = await slow.claimNew()
    await append(table, 1, 0, Buffer.from('one'))
    proxy.isKeepingRequests = true
    const appended = append(table, 1, 3, Buffer.from('two'))
    await waitFor('the request is on its way', () => proxy.keptSize > 0)
    proxy.isKeepingRequests = false
    await server.run(`INSERT INTO other.wal_${cell}_0 VALUES (1, 3, 'TWO')`)
    proxy.cutClients()
    const isFenced = (error: unknown): boolean => diskErrorKind(error) === 'fenced'
    await assert.rejects(appended, isFenced)
    await assert.rejects(table.proveOwner(), isFenced)
    proxy.deliverKept()
  })

  test('backends that are killed lose nothing and double nothing', async () => {
    const { table, claimAgain } = await cells.claimNew()
    let text = ''
    const state = { isOver: false }
    const killing = (async () => {
      while (!state.isOver) {
        await server.run(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE application_name = 'pabal'; SELECT pg_sleep(0.02)`)
      }
    })()
    // On a quiet machine all of it could be over before anything was killed.
    const isEnough = (count: number): boolean => count >= 15 * effort && cells.troubles.length > 0
    for (let count = 0; count < 2000 && !isEnough(count); count += 1) {
      const part = `${count};`.repeat(1 + (count % 7))
      await append(table, 1, text.length, Buffer.from(part))
      text += part
    }
    state.isOver = true
    await killing
    assert.ok(cells.troubles.length > 0, 'something was killed')
    assert.equal((await readAll(table, 1)).toString(), text)
    assert.equal((await readAll(await claimAgain(), 1)).toString(), text)
  })

  test('many files that became objects leave the tables empty', async () => {
    const { table, cell } = await cells.claimNew()
    const bytes = Buffer.alloc(20_000, 'x')
    const fileCount = 40 * effort
    for (let file = 0; file < fileCount; file += 1) {
      await append(table, file, 0, bytes)
      await append(table, file, bytes.length, bytes)
      await table.addFinishedFile(`wal/${file}.log`, { key: `k${file}`, size: 1, crc32c: file })
      await table.removeOpenFile(file)
      await table.removeFinishedFile(`wal/${file - 20}.log`)
      await table.replaceManifest(bytes)
    }
    const sizeOf = async (names: string): Promise<number> =>
      Number(
        await server.run(`SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c
        JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'direct' AND relname ~ '${names}'`),
      )
    assert.ok((await sizeOf(`^wal_${cell}_[0-9]+$`)) <= 3 * 40_960, 'tables of open files')
    assert.ok((await sizeOf('^(cells|files)$')) <= 500_000, 'the other tables')
    assert.equal((await table.finishedFiles()).size, 20)
  })

  test('ends of a file that a node of before knew nothing of count no more', async () => {
    const { table, cell } = await cells.claimNew()
    const ends = { head: Buffer.from('head'), tail: Buffer.from('tail') }
    await table.addFinishedFile('wal/1.log', { key: 'one', size: 8, crc32c: 1, ends })
    await server.run(`UPDATE direct.files SET key = 'other' WHERE cell = ${cell}`)
    const file = (await table.finishedFiles()).get('wal/1.log')
    assert.deepEqual(file, { key: 'other', size: 8, crc32c: 1, ends: undefined })
  })

  test('a dump that reads the tables for long holds nothing up, and what it kept goes afterwards', async () => {
    const { table, cell } = await cells.claimNew()
    const bytes = Buffer.alloc(300_000, 'y')
    await append(table, 1, 0, bytes)
    const dump = server.run(`BEGIN; LOCK TABLE direct.wal_${cell}_0 IN ACCESS SHARE MODE;
      SELECT pg_sleep(0.6); COMMIT`)
    await waitFor(
      'the dump has its lock',
      async () =>
        (await server.run(`SELECT count(*) FROM pg_locks WHERE mode = 'AccessShareLock'
        AND relation = 'direct.wal_${cell}_0'::regclass`)) !== '0',
    )
    for (let file = 2; file < 6; file += 1) {
      await append(table, file, 0, bytes)
      await table.removeOpenFile(file - 1)
    }
    assert.deepEqual(await table.openFiles(), new Map([[5, 300_000]]))
    await dump
    await table.removeOpenFile(5)
    const size =
      await server.run(`SELECT sum(pg_relation_size(format('direct.wal_${cell}_%s', s)::regclass))
      FROM generate_series(0, 1) s`)
    assert.equal(size, '0')
  })

  test('a table that is emptied under load disturbs no append', async () => {
    const { table, claimAgain } = await cells.claimNew()
    let size = 0
    const bytes = Buffer.alloc(10_000, 'z')
    const work = (async () => {
      for (let count = 0; count < 100; count += 1) {
        await append(table, 0, size, bytes)
        size += bytes.length
      }
    })()
    const finished = (async () => {
      for (let file = 1; file < 20; file += 1) {
        await waitFor('room', () => size > file * 20_000 || size === 1_000_000)
        await table.addFinishedFile(`${file}`, { key: 'k', size: 1, crc32c: 1 })
        await table.removeOpenFile(file)
      }
    })()
    await Promise.all([work, finished])
    assert.equal((await readAll(await claimAgain(), 0)).length, 1_000_000)
  })

  test('the server is looked at', async () => {
    const kinds = (await cells.tables.checkServer()).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['refuse', 'no standby', 'advice'])
  })

  test('a name keeps its number; an earlier process of that name is over', async () => {
    const { tables } = cells
    const node = { name: 'a', address: 'here', info: '{}' }
    const older = await tables.join(node)
    assert.ok(await tables.beat(older))
    const newer = await tables.join(node)
    assert.deepEqual(newer, { node: older.node, incarnation: older.incarnation + 1 })
    assert.equal(await tables.beat(older), undefined)
    const look = await tables.beat(newer)
    assert.ok(look && look.seenAt >= look.sentAt)
    const row = look.observation.nodes.find(({ name }) => name === 'a')
    assert.equal(row?.incarnation, newer.incarnation)
    assert.equal(row?.heartbeat, 3)
  })

  test('an owner that sends a heartbeat keeps its cell; one that crashes three times is not followed', async () => {
    const { tables } = cells
    const owner = await tables.join({ name: 'owner', address: '', info: '{}' })
    const taker = await tables.join({ name: 'taker', address: '', info: '{}' })
    const cell = 63
    const cellRow = async (): Promise<{ epoch: number; isDown: boolean }> => {
      const row = (await tables.readCells()).find((one) => one.cell === cell)
      assert.ok(row)
      return row
    }
    const claim = async (
      who: typeof owner,
      reason: 'free' | 'crashed',
      heartbeat?: number,
    ): Promise<CellTable | undefined> => {
      const nodes = (await tables.beat(taker))?.observation.nodes ?? []
      const seen = nodes.find(({ node }) => node === owner.node)
      const witness = seen && heartbeat !== undefined ? { ...seen, heartbeat } : undefined
      const { epoch } = await cellRow()
      const table = await tables.claimCell({ cell, epoch, reason, witness }, who)
      await table?.close()
      return table
    }
    assert.ok(await claim(owner, 'free'))
    await tables.beat(owner)
    assert.equal(await claim(taker, 'crashed', 0), undefined, 'it has sent another heartbeat')
    assert.ok(await claim(taker, 'crashed', 1))
    assert.ok(await claim(owner, 'crashed'))
    assert.equal(await claim(taker, 'crashed', 1), undefined, 'the third crash')
    assert.equal((await cellRow()).isDown, true)
    assert.equal(await claim(taker, 'free'), undefined, 'it stays down')
    await tables.reopenCell(cell)
    assert.ok(await claim(taker, 'free'))
  })

  test('nodes that start at the same moment make one cluster', async () => {
    const address = `${server.address}?schema=together`
    const opened = await Promise.allSettled(
      [1, 2, 3, 4].map((count) => CellsUnderTest.open(address, count)),
    )
    const clusters = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const ids = new Set(clusters.map(({ tables }) => tables.settings.clusterId))
    const counts = new Set(clusters.map(({ tables }) => tables.settings.cellCount))
    for (const cluster of clusters) await cluster[Symbol.asyncDispose]()
    assert.equal(clusters.length, 4)
    assert.equal(ids.size, 1)
    assert.equal(counts.size, 1)
  })
})
