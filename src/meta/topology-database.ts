// The only place that speaks SQL. `meta.db` holds one table per kind of topology row and the
// sequence it is current through; one transaction applies whole log entries and moves that
// sequence, so the file always shows the state after some entry, never one in between.
import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Steps } from '../lib/slices.ts'
import { type AccessChange, isAccessChange } from './access-rows.ts'
import { digestRows, type TopologyTable } from './digest-topology.ts'
import { type PackedEntries, unpackEntries } from './entry-batch.ts'
import { createDatabaseFile } from './file/database-files.ts'
import {
  aclValues,
  bindingValues,
  delayValues,
  exchangeValues,
  permissionValues,
  policyValues,
  queueValues,
  type RowValues,
  storable,
  topicPermissionValues,
  userValues,
  vhostValues,
} from './row-values.ts'
import { decodeTopologyChanges, type TopologyChange } from './topology-change.ts'

/** Rises when an older broker could not read the tables any more. */
const schemaVersion = 8

const schema = `
  create table applied (
    id integer primary key check (id = 1), sequence integer not null
  ) strict;
  insert into applied values (1, 0);
  create table vhosts (name text primary key, metadata text not null) strict, without rowid;
  create table exchanges (
    vhost text not null, name text not null, type text not null,
    auto_delete integer not null, internal integer not null, arguments text not null,
    primary key (vhost, name)
  ) strict, without rowid;
  create table queues (
    vhost text not null, name text not null, type text not null, log_id integer not null,
    cursor_id integer not null, auto_delete integer not null, arguments text not null,
    topic text, levels text, source text, retention text,
    primary key (vhost, name)
  ) strict, without rowid;
  create table bindings (
    vhost text not null, source text not null, destination_kind text not null,
    destination text not null, routing_key text not null, arguments text not null,
    primary key (vhost, source, destination_kind, destination, routing_key, arguments)
  ) strict, without rowid;
  create table policies (
    vhost text not null, name text not null, is_operator integer not null, pattern text not null,
    apply_to text not null, priority real not null, definition text not null,
    primary key (vhost, is_operator, name)
  ) strict, without rowid;
  create index bindings_by_destination on bindings (vhost, destination_kind, destination);
  create table delays (
    log_id integer primary key, vhost text not null, exchange text not null,
    bucket_class integer not null, cursor_id integer not null
  ) strict;
  create index delays_by_exchange on delays (vhost, exchange);
  create table users (
    name text primary key, password_hash text not null, hashing_algorithm text not null,
    tags text not null, limits text not null, scram text not null
  ) strict, without rowid;
  create table permissions (
    user text not null, vhost text not null, configure text not null, write text not null,
    read text not null,
    primary key (user, vhost)
  ) strict, without rowid;
  create table topic_permissions (
    user text not null, vhost text not null, exchange text not null, write text not null,
    read text not null,
    primary key (user, vhost, exchange)
  ) strict, without rowid;
  create table acls (
    resource_type text not null, name text not null, pattern_type text not null,
    principal text not null, host text not null, operation text not null,
    permission text not null,
    primary key (resource_type, name, pattern_type, principal, host, operation, permission)
  ) strict, without rowid;
  pragma user_version = ${schemaVersion};
`

const sql = {
  putVHost: 'insert or replace into vhosts values (?, ?)',
  putExchange: 'insert or replace into exchanges values (?, ?, ?, ?, ?, ?)',
  putQueue: 'insert or replace into queues values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  putBinding: 'insert or ignore into bindings values (?, ?, ?, ?, ?, ?)',
  putPolicy: 'insert or replace into policies values (?, ?, ?, ?, ?, ?, ?)',
  deletePolicy: 'delete from policies where vhost = ? and name = ? and is_operator = ?',
  putDelay: 'insert or replace into delays values (?, ?, ?, ?, ?)',
  deleteDelay: 'delete from delays where log_id = ?',
  putUser: 'insert or replace into users values (?, ?, ?, ?, ?, ?)',
  putPermission: 'insert or replace into permissions values (?, ?, ?, ?, ?)',
  deletePermission: 'delete from permissions where user = ? and vhost = ?',
  putTopicPermission: 'insert or replace into topic_permissions values (?, ?, ?, ?, ?)',
  deleteTopicPermission:
    'delete from topic_permissions where user = ? and vhost = ? and exchange = ?',
  putAcl: 'insert or ignore into acls values (?, ?, ?, ?, ?, ?, ?)',
  deleteAcl:
    'delete from acls where resource_type = ? and name = ? and pattern_type = ? and principal = ? ' +
    'and host = ? and operation = ? and permission = ?',
  deleteBinding:
    'delete from bindings where vhost = ? and source = ? and destination_kind = ? ' +
    'and destination = ? and routing_key = ? and arguments = ?',
  deleteBindingsTo:
    'delete from bindings where vhost = ? and destination_kind = ? and destination = ?',
} as const

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
      throw error
    }
  }

  /** The last entry that the tables show. */
  appliedSequence(): number {
    const sequence = this.#database.prepare('select sequence from applied').get()?.['sequence']
    if (typeof sequence !== 'number') throw new Error('there is no sequence in it')
    return sequence
  }

  /** The digest of all rows, in small steps; the file must not change meanwhile. */
  digest(): Steps<string> {
    return digestRows((table) => this.#rowsOf(table))
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
    const version = this.#database.prepare('pragma user_version').get()?.['user_version']
    if (version === 0) this.#database.exec(`begin immediate; ${schema} commit`)
    else if (version !== schemaVersion) throw new Error(`its format is ${String(version)}`)
  }

  #applyEntry(bytes: Uint8Array): void {
    for (const change of decodeTopologyChanges(bytes)) {
      if (isAccessChange(change)) this.#applyAccess(change)
      else this.#applyChange(change)
    }
  }

  #applyChange(change: Exclude<TopologyChange, AccessChange>): void {
    switch (change.kind) {
      case 'vhost':
        if (change.op === 'put') this.#run(sql.putVHost, ...vhostValues(change.row))
        else this.#deleteVHost(change.name)
        return
      case 'exchange':
        if (change.op === 'put') this.#run(sql.putExchange, ...exchangeValues(change.row))
        else this.#deleteExchange(change.vhost, change.name)
        return
      case 'queue':
        if (change.op === 'put') this.#run(sql.putQueue, ...queueValues(change.row))
        else this.#deleteQueue(change.vhost, change.name)
        return
      case 'binding':
        this.#run(
          change.op === 'put' ? sql.putBinding : sql.deleteBinding,
          ...bindingValues(change.row),
        )
        return
      case 'policy':
        if (change.op === 'put') this.#run(sql.putPolicy, ...policyValues(change.row))
        else this.#run(sql.deletePolicy, change.vhost, change.name, Number(change.isOperator))
        return
      case 'delay':
        if (change.op === 'put') this.#run(sql.putDelay, ...delayValues(change.row))
        else this.#run(sql.deleteDelay, change.row.logId)
    }
  }

  #applyAccess(change: AccessChange): void {
    switch (change.kind) {
      case 'user':
        if (change.op === 'put') this.#run(sql.putUser, ...userValues(change.row))
        else this.#deleteUser(change.name)
        return
      case 'permission':
        if (change.op === 'put') this.#run(sql.putPermission, ...permissionValues(change.row))
        else this.#run(sql.deletePermission, change.user, change.vhost)
        return
      case 'topic-permission':
        if (change.op === 'put') {
          this.#run(sql.putTopicPermission, ...topicPermissionValues(change.row))
        } else {
          this.#run(sql.deleteTopicPermission, change.user, change.vhost, change.exchange)
        }
        return
      case 'acl':
        this.#run(change.op === 'put' ? sql.putAcl : sql.deleteAcl, ...aclValues(change.row))
    }
  }

  #deleteUser(name: string): void {
    this.#run('delete from permissions where user = ?', name)
    this.#run('delete from topic_permissions where user = ?', name)
    this.#run('delete from users where name = ?', name)
  }

  #deleteVHost(name: string): void {
    this.#run('delete from bindings where vhost = ?', name)
    this.#run('delete from delays where vhost = ?', name)
    this.#run('delete from queues where vhost = ?', name)
    this.#run('delete from exchanges where vhost = ?', name)
    this.#run('delete from policies where vhost = ?', name)
    this.#run('delete from permissions where vhost = ?', name)
    this.#run('delete from topic_permissions where vhost = ?', name)
    this.#run('delete from vhosts where name = ?', name)
  }

  #deleteExchange(vhost: string, name: string): void {
    this.#run('delete from bindings where vhost = ? and source = ?', vhost, name)
    this.#deleteBindingsTo('exchange', vhost, name)
    this.#run('delete from delays where vhost = ? and exchange = ?', vhost, name)
    this.#run('delete from exchanges where vhost = ? and name = ?', vhost, name)
  }

  #deleteQueue(vhost: string, name: string): void {
    this.#deleteBindingsTo('queue', vhost, name)
    this.#run('delete from queues where vhost = ? and name = ?', vhost, name)
  }

  #deleteBindingsTo(kind: 'queue' | 'exchange', vhost: string, name: string): void {
    this.#run(sql.deleteBindingsTo, vhost, kind, name)
  }

  #run(text: string, ...values: RowValues): void {
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = this.#database.prepare(text)
      this.#statements.set(text, statement)
    }
    statement.run(...storable(values))
  }

  /** Row by row: 100,000 raw ones at once are 100 MB. */
  *#rowsOf(table: TopologyTable): Generator<RowValues> {
    const statement = this.#database.prepare(`select * from ${table}`)
    statement.setReturnArrays(true)
    for (const row of statement.iterate()) yield row as unknown as RowValues
  }
}
