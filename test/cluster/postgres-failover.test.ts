// A cell on a primary with a synchronous standby: what was confirmed is on both, whatever happens to the primary,
// to connections, and to waits for the standby. PABAL_POSTGRES_EFFORT=20 plays the failover as often.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { CellTable } from '../../src/log/cluster/cell-table.ts'
import { postgresMissing } from '../support/postgres/find-postgres.ts'
import { PostgresServer } from '../support/postgres/postgres-server.ts'
import { waitFor } from '../support/wait-for.ts'
import { append, readAll } from './cell-table-suite.ts'
import { CellsUnderTest } from './cells-under-test.ts'

const rounds = Number(process.env['PABAL_POSTGRES_EFFORT'] ?? 1)

const waitingForStandby = `FROM pg_stat_activity WHERE application_name = 'pabal' AND wait_event = 'SyncRep'`

describe('a cell on a primary and its standby', { skip: postgresMissing() }, () => {
  let primary: PostgresServer
  let standby: PostgresServer

  before(async () => {
    primary = await PostgresServer.start()
    standby = await primary.addStandby()
  })

  after(async () => {
    await standby?.[Symbol.asyncDispose]()
    await primary?.[Symbol.asyncDispose]()
  })

  const bothHosts = (schema: string): string =>
    `postgres://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres?schema=${schema}`

  test('a cancelled wait for the standby confirms nothing; a retry waits for it, too', async () => {
    await using cells = await CellsUnderTest.open(bothHosts('cancelled'))
    const { table, claimAgain } = await cells.claimNew()
    await append(table, 1, 0, Buffer.from('before,'))
    await standby.kill()
    let isConfirmed = false
    const appended = append(table, 1, 7, Buffer.from('alone,')).then(() => (isConfirmed = true))
    const cancel = async (how: string): Promise<void> => {
      const troubles = cells.troubles.length
      await waitFor(
        'a commit waits for the standby',
        async () => (await primary.run(`SELECT count(*) ${waitingForStandby}`)) !== '0',
      )
      await primary.run(`SELECT count(${how}(pid)) ${waitingForStandby}`)
      await waitFor('it is tried again', () => cells.troubles.length > troubles)
    }
    // The row is there and everybody sees it, but the standby does not have it.
    await cancel('pg_cancel_backend')
    await cancel('pg_cancel_backend')
    await cancel('pg_terminate_backend')
    assert.equal(isConfirmed, false)
    await standby.startAgain()
    await appended
    assert.equal((await readAll(await claimAgain(), 1)).toString(), 'before,alone,')
  })

  test('a retry that finds its row writes to the WAL, so it waits', async () => {
    await using cells = await CellsUnderTest.open(bothHosts('record'))
    const { table } = await cells.claimNew()
    await append(table, 1, 0, Buffer.from('x'))
    const place = (): Promise<string> => primary.run('SELECT pg_current_wal_insert_lsn()')
    const lock = `SELECT FROM record.cells WHERE cell = 0 FOR NO KEY UPDATE`
    const earlier = await place()
    await primary.run(lock)
    assert.notEqual(await place(), earlier)
  })

  for (let round = 0; round < rounds; round += 1) {
    test(`the primary is killed and the standby promoted, round ${round}`, async () => {
      await using cells = await CellsUnderTest.open(bothHosts(`round${round}`))
      const files = await Promise.all(
        Array.from({ length: 4 }, async () => new Writer((await cells.claimNew()).table)),
      )
      await waitFor('all have written', () => files.every((file) => file.confirmed.length > 200))
      await primary.kill()
      await standby.promote()
      const sizes = files.map((file) => file.confirmed.length)
      await waitFor('all have gone on', () =>
        files.every((file, at) => file.confirmed.length > (sizes[at] ?? 0) + 200),
      )
      await Promise.all(files.map((file) => file.stop()))
      for (const [cell, file] of files.entries()) {
        const next = await cells.claim(cell)
        assert.equal((await readAll(next, 1)).toString(), file.confirmed)
      }
      await primary[Symbol.asyncDispose]()
      primary = standby
      standby = await primary.addStandby()
    })
  }

  test('an old primary that comes back is not taken for the newest', async () => {
    const [newer, older] = [primary, standby]
    await using cells = await CellsUnderTest.open(bothHosts('split'))
    const { table } = await cells.claimNew()
    await append(table, 1, 0, Buffer.from('a'))
    // The standby becomes a primary of its own, and the one that was it lives on.
    await newer.requireStandby('')
    await older.promote()
    await newer.run(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE application_name = 'pabal'`)
    await append(table, 1, 1, Buffer.from('b'))
    assert.equal(await older.run('SELECT count(*) FROM split.wal_0_0 WHERE file = 1'), '2')
  })
})

/** Appends one after the other until it is stopped. */
class Writer {
  confirmed = ''
  readonly #table: CellTable
  readonly #work: Promise<void>
  #isStopped = false

  constructor(table: CellTable) {
    this.#table = table
    this.#work = this.#write()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#work
  }

  async #write(): Promise<void> {
    for (let count = 0; !this.#isStopped; count += 1) {
      const part = `${count};`
      await append(this.#table, 1, this.confirmed.length, Buffer.from(part))
      this.confirmed += part
    }
  }
}
