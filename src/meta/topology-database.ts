// The only place that speaks SQL. `meta.db` holds one table per kind of topology row and the
// sequence it is current through; one transaction applies whole log entries and moves that
// sequence, so the file always shows the state after some entry, never one in between.
import path from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { fieldTableToJson } from '../record/message/field-table-json.ts'
import { type PackedEntries, unpackEntries } from './entry-batch.ts'
import { createDatabaseFile } from './file/database-files.ts'
import { sqliteCode, sqliteCodes } from './sqlite-code.ts'
import {
  type BindingRow,
  decodeTopologyChanges,
  type ExchangeRow,
  type QueueRow,
  type TopologyChange,
  type VHostRow,
} from './topology-change.ts'
import { TopologyDamagedError, TopologyVersionError } from './topology-error.ts'
import { bindingFromRow, exchangeFromRow, queueFromRow, text } from './topology-rows.ts'

/** All rows, and the sequence of the last entry in them; 0 before the first. */
export interface Topology {
  readonly appliedSequence: number
  readonly vhosts: readonly VHostRow[]
  readonly exchanges: readonly ExchangeRow[]
  readonly queues: readonly QueueRow[]
  readonly bindings: readonly BindingRow[]
}

/** Rises when an older broker could not read the tables any more. */
const schemaVersion = 2

const schema = `
  create table applied (
    id integer primary key check (id = 1), sequence integer not null
  ) strict;
  insert into applied values (1, 0);
  create table vhosts (name text primary key) strict, without rowid;
  create table exchanges (
    vhost text not null, name text not null, type text not null,
    auto_delete integer not null, internal integer not null, arguments text not null,
    primary key (vhost, name)
  ) strict, without rowid;
  create table queues (
    vhost text not null, name text not null, type text not null, log_id integer not null,
    cursor_id integer not null,    auto_delete integer not null, arguments text not null, topic text,
    primary key (vhost, name)
  ) strict, without rowid;
  create table bindings (
    vhost text not null, source text not null, destination_kind text not null,
    destination text not null, routing_key text not null, arguments text not null,
    primary key (vhost, source, destination_kind, destination, routing_key, arguments)
  ) strict, without rowid;
  create index bindings_by_destination on bindings (vhost, destination_kind, destination);
  pragma user_version = ${schemaVersion};
`

/** A connection to `meta.db`. Only one is open at a time. */
export class TopologyDatabase {
  readonly #file: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** Opens the file, or creates it with empty tables. */
  constructor(folder: string, options: { readonly create: boolean }) {
    this.#file = path.join(folder, 'meta.db')
    if (options.create) createDatabaseFile(this.#file)
    const url = pathToFileURL(this.#file)
    url.searchParams.set('mode', 'rw')
    this.#database = new DatabaseSync(url)
    try {
      this.#prepareFile()
    } catch (error) {
      this.#database.close()
      throw this.#explain(error)
    }
  }

  /** The rows of `<folder>/meta.db`, nothing when there is no such file. */
  static load(folder: string): Topology {
    let database: TopologyDatabase
    try {
      database = new TopologyDatabase(folder, { create: false })
    } catch (error) {
      if (sqliteCode(error) === sqliteCodes.cannotOpen) return emptyTopology
      throw error
    }
    try {
      return database.load()
    } finally {
      database.close()
    }
  }

  load(): Topology {
    try {
      return {
        appliedSequence: Number(this.#rows('select sequence from applied')[0]?.['sequence']),
        vhosts: this.#map('select name from vhosts', (row) => ({ name: text(row['name']) })),
        exchanges: this.#map('select * from exchanges', exchangeFromRow),
        queues: this.#map('select * from queues', queueFromRow),
        bindings: this.#map('select * from bindings', bindingFromRow),
      }
    } catch (error) {
      throw this.#explain(error)
    }
  }

  /** Applies entries in order, in one transaction that is on disk when this returns. */
  apply(batch: PackedEntries): void {
    this.#database.exec('begin immediate')
    try {
      for (const entry of unpackEntries(batch)) this.#applyEntry(entry)
      this.#run('update applied set sequence = ?', batch.lastSequence)
      this.#database.exec('commit')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      throw error
    }
  }

  close(): void {
    this.#database.close()
  }

  #prepareFile(): void {
    this.#database.exec(`
      pragma locking_mode = exclusive;
      pragma journal_mode = wal;
      pragma synchronous = full;
    `)
    const version = this.#rows('pragma user_version')[0]?.['user_version']
    if (version === 0) this.#database.exec(`begin immediate; ${schema} commit`)
    else if (version !== schemaVersion) {
      throw new TopologyVersionError(
        `Cannot read '${this.#file}' as its format is ${String(version)} and this version reads ` +
          `${schemaVersion}: start the version of Pabal that wrote it`,
      )
    }
  }

  #applyEntry(bytes: Uint8Array): void {
    for (const change of decodeTopologyChanges(bytes)) this.#applyChange(change)
  }

  #applyChange(change: TopologyChange): void {
    switch (change.kind) {
      case 'vhost':
        if (change.op === 'put')
          this.#run('insert or ignore into vhosts values (?)', change.row.name)
        else this.#deleteVHost(change.name)
        return
      case 'exchange':
        if (change.op === 'put') this.#putExchange(change.row)
        else this.#deleteExchange(change.vhost, change.name)
        return
      case 'queue':
        if (change.op === 'put') this.#putQueue(change.row)
        else this.#deleteQueue(change.vhost, change.name)
        return
      case 'binding':
        this.#applyBinding(change.op, change.row)
    }
  }

  #deleteVHost(name: string): void {
    this.#run('delete from bindings where vhost = ?', name)
    this.#run('delete from queues where vhost = ?', name)
    this.#run('delete from exchanges where vhost = ?', name)
    this.#run('delete from vhosts where name = ?', name)
  }

  #putExchange(row: ExchangeRow): void {
    const args = JSON.stringify(fieldTableToJson(row.arguments))
    this.#run(
      'insert or replace into exchanges values (?, ?, ?, ?, ?, ?)',
      row.vhost,
      row.name,
      row.type,
      Number(row.autoDelete),
      Number(row.internal),
      args,
    )
  }

  #deleteExchange(vhost: string, name: string): void {
    this.#run('delete from bindings where vhost = ? and source = ?', vhost, name)
    this.#deleteBindingsTo('exchange', vhost, name)
    this.#run('delete from exchanges where vhost = ? and name = ?', vhost, name)
  }

  #putQueue(row: QueueRow): void {
    const args = JSON.stringify(fieldTableToJson(row.arguments))
    this.#run(
      'insert or replace into queues values (?, ?, ?, ?, ?, ?, ?, ?)',
      row.vhost,
      row.name,
      row.type,
      row.logId,
      row.cursorId,
      Number(row.autoDelete),
      args,
      row.topic === undefined ? null : JSON.stringify(row.topic),
    )
  }

  #deleteQueue(vhost: string, name: string): void {
    this.#deleteBindingsTo('queue', vhost, name)
    this.#run('delete from queues where vhost = ? and name = ?', vhost, name)
  }

  #deleteBindingsTo(kind: 'queue' | 'exchange', vhost: string, name: string): void {
    const sql = 'delete from bindings where vhost = ? and destination_kind = ? and destination = ?'
    this.#run(sql, vhost, kind, name)
  }

  #applyBinding(op: 'put' | 'delete', row: BindingRow): void {
    const sql =
      op === 'put'
        ? 'insert or ignore into bindings values (?, ?, ?, ?, ?, ?)'
        : 'delete from bindings where vhost = ? and source = ? and destination_kind = ? ' +
          'and destination = ? and routing_key = ? and arguments = ?'
    const args = JSON.stringify(fieldTableToJson(row.arguments))
    const { vhost, source, destinationKind, destination, routingKey } = row
    this.#run(sql, vhost, source, destinationKind, destination, routingKey, args)
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    statement.run(...values)
  }

  #rows(sql: string): Record<string, unknown>[] {
    return this.#database.prepare(sql).all()
  }

  /** Row by row: 100,000 raw ones at once are 100 MB. */
  #map<Row>(sql: string, convert: (row: Record<string, unknown>) => Row): Row[] {
    return Array.from(this.#database.prepare(sql).iterate(), convert)
  }

  #explain(error: unknown): unknown {
    const code = sqliteCode(error)
    if (!damageCodes.has(code) && !(error instanceof TypeError)) return error
    const reason = error instanceof Error ? error.message : String(error)
    return new TopologyDamagedError(
      `Cannot read '${this.#file}' as it is damaged (${reason}): ` +
        'restore the data folder from a backup',
      { cause: error },
    )
  }
}

/** The topology of a folder that has none yet. */
export const emptyTopology: Topology = {
  appliedSequence: 0,
  vhosts: [],
  exchanges: [],
  queues: [],
  bindings: [],
}

/** A missing table is damage, too. */
const damageCodes: ReadonlySet<number | undefined> = new Set([
  sqliteCodes.error,
  sqliteCodes.corrupt,
  sqliteCodes.format,
  sqliteCodes.notDatabase,
])
