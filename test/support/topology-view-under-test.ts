// A view of the topology in a folder of its own, beside the entries that a log would have.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import type { TopologyEntry } from '../../src/log/commit.ts'
import { foldTopology } from '../../src/meta/fold-topology.ts'
import {
  encodeTopologyChanges,
  type LevelRow,
  type TopologyChange,
} from '../../src/meta/topology-change.ts'
import { TopologyView } from '../../src/meta/topology-view.ts'
import type { Topology } from '../../src/meta/topology.ts'
import { emptyTable, FieldTable } from '../../src/record/message/field-table.ts'

const args: FieldTable = FieldTable.from([['x-expires', { type: 'long', value: 5n << 60n }]])

export function putExchange(name: string): TopologyChange {
  const row = {
    vhost: '/',
    name,
    type: 'topic',
    autoDelete: true,
    internal: false,
    arguments: args,
  }
  return { kind: 'exchange', op: 'put', row }
}

export function putQueue(
  name: string,
  logId: number,
  levels?: readonly LevelRow[],
): TopologyChange {
  const common = { vhost: '/', name, type: 'classic', logId, cursorId: logId, autoDelete: false }
  return {
    kind: 'queue',
    op: 'put',
    row: { ...common, arguments: emptyTable, ...(levels && { levels }) },
  }
}

export function deletion(kind: 'queue' | 'exchange', name: string): TopologyChange {
  return { kind, op: 'delete', vhost: '/', name }
}

/** A binding of a queue with an argument and a routing key of all kinds of characters. */
export function binding(op: 'put' | 'delete', source: string, destination: string): TopologyChange {
  const row = {
    vhost: '/',
    source,
    destinationKind: 'queue' as const,
    destination,
    routingKey: 'a\0\nkey.ü',
    arguments: args,
  }
  return { kind: 'binding', op, row }
}

/** What a log would have: entries with sequences 1, 2, 3 …. */
export class LoggedTopology {
  readonly entries: TopologyEntry[] = []

  put(...changes: readonly TopologyChange[]): TopologyEntry {
    const entry = { sequence: this.entries.length + 1, bytes: encodeTopologyChanges(changes) }
    this.entries.push(entry)
    return entry
  }

  get topology(): Topology {
    return foldTopology(this.entries)
  }
}

export interface ViewOptions {
  readonly clock?: Clock
  readonly onFailed?: (error: Error) => void
}

/** A view that remembers what it was told, and what it said. */
export class TopologyViewUnderTest implements AsyncDisposable {
  readonly view: TopologyView
  readonly applied: number[] = []
  readonly rebuilt: string[] = []

  constructor(folder: string, { clock = systemClock, onFailed = throwIt }: ViewOptions = {}) {
    this.view = new TopologyView({
      folder,
      clock,
      onApplied: (sequence) => this.applied.push(sequence),
      onRebuilt: (reason) => this.rebuilt.push(reason),
      onFailed,
    })
  }

  /** Opens the folder as a start with that log does, and waits for the view to show what it says. */
  static async follow(folder: string, log: LoggedTopology): Promise<TopologyViewUnderTest> {
    const opened = new TopologyViewUnderTest(folder)
    const { topology, entries } = log
    opened.view.follow({ topology, entries })
    await opened.view.flush()
    return opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.view.close()
  }
}

/** Brings the view in the folder to what the log says; returns why it had to be made again, if so. */
export async function bringUp(folder: string, log: LoggedTopology): Promise<string | undefined> {
  await using opened = await TopologyViewUnderTest.follow(folder, log)
  return opened.rebuilt[0]
}

/** What is in `meta.db`: rows of a table, and the last entry. */
export function rowsIn(folder: string, table: string): Record<string, unknown>[] {
  using database = new DatabaseSync(path.join(folder, 'meta.db'))
  return database.prepare(`select * from ${table}`).all()
}

export function appliedIn(folder: string): unknown {
  return rowsIn(folder, 'applied')[0]?.['sequence']
}

/** A folder that is gone after the test. */
export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pabal-view-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function throwIt(error: Error): never {
  throw error
}
