// The topology's files without a disk: the view's rows as SQLite would have them, applied a whole batch at a
// time by a thread that is none. They outlive the broker's process, and a batch that is being applied
// when it dies is there or not.
import type { Random } from '../../../src/lib/random.ts'
import type { Steps } from '../../../src/lib/slices.ts'
import { type AccessChange, isAccessChange } from '../../../src/meta/access-rows.ts'
import { AccessTable } from '../../../src/meta/access-table.ts'
import { digestTopology } from '../../../src/meta/digest-topology.ts'
import { type PackedEntries, unpackEntries } from '../../../src/meta/entry-batch.ts'
import {
  type BindingRow,
  type DelayRow,
  decodeTopologyChanges,
  type ExchangeRow,
  type PolicyRow,
  type QueueRow,
  type TopologyChange,
  type VHostRow,
} from '../../../src/meta/topology-change.ts'
import { DataFolderLockedError } from '../../../src/meta/topology-error.ts'
import type { TopologyFiles, WriterEvents, WriterThread } from '../../../src/meta/topology-files.ts'
import { fieldTableToJson } from '../../../src/record/message/field-table-json.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'

/** How often something happens to the view while no process has it. */
const damageShare = 0.2

export interface TopologyInMemoryOptions {
  readonly clock: VirtualClock
  readonly random: Random
  /** How long the next batch takes, in ms. */
  readonly latencyMs: () => number
  /** Why the next batch cannot be written, if so. */
  readonly fault: () => Error | undefined
}

export class TopologyInMemory implements TopologyFiles {
  readonly #options: TopologyInMemoryOptions
  readonly #vhosts = new Map<string, VHostRow>()
  readonly #exchanges = new Map<string, ExchangeRow>()
  readonly #queues = new Map<string, QueueRow>()
  readonly #bindings = new Map<string, BindingRow>()
  readonly #policies = new Map<string, PolicyRow>()
  readonly #delays = new Map<number, DelayRow>()
  #access = new AccessTable()
  #appliedSequence = 0
  #isLocked = false
  /** What the thread of the living process is doing. */
  #applying: PackedEntries | undefined
  #process = 0

  constructor(options: TopologyInMemoryOptions) {
    this.#options = options
  }

  lock(folder: string): Disposable {
    if (this.#isLocked) throw new DataFolderLockedError(`${folder} is in use`)
    this.#isLocked = true
    const process = this.#process
    return {
      [Symbol.dispose]: () => {
        if (process === this.#process) this.#isLocked = false
      },
    }
  }

  appliedSequence(): number {
    return this.#appliedSequence
  }

  digest(): Steps<string> {
    return digestTopology({
      appliedSequence: this.#appliedSequence,
      vhosts: [...this.#vhosts.values()],
      exchanges: [...this.#exchanges.values()],
      queues: [...this.#queues.values()],
      bindings: [...this.#bindings.values()],
      policies: [...this.#policies.values()],
      delays: [...this.#delays.values()],
      access: this.#access.rows(),
    })
  }

  remove(): void {
    this.#appliedSequence = 0
    const maps = [this.#exchanges, this.#queues, this.#bindings, this.#policies, this.#delays]
    for (const rows of [this.#vhosts, ...maps]) rows.clear()
    this.#access = new AccessTable()
  }

  startWriter(_folder: string, { onReply }: WriterEvents): WriterThread {
    const process = this.#process
    const later = (callback: () => void): void => {
      this.#options.clock.after(this.#options.latencyMs(), () => {
        if (process === this.#process) callback()
      })
    }
    return {
      apply: (batch) => {
        this.#applying = batch
        later(() => {
          this.#applying = undefined
          const fault = this.#options.fault()
          if (fault === undefined) this.#apply(batch)
          onReply(fault)
        })
      },
      close: (onExit) => later(onExit),
      ref: () => undefined,
    }
  }

  /** The process is gone, and its lock with it. */
  onKilled(): void {
    this.#process++
    this.#isLocked = false
    if (this.#applying !== undefined && this.#options.random.next() < 0.5)
      this.#apply(this.#applying)
    this.#applying = undefined
    if (this.#options.random.next() < damageShare) this.#damage()
  }

  /** Nobody looks after the view: it gets lost, or shows something else than it did. */
  #damage(): void {
    if (this.#options.random.next() < 0.5) this.remove()
    else if (this.#queues.size > 0) this.#queues.delete([...this.#queues.keys()][0] as string)
    else this.#appliedSequence += 5
  }

  #apply(batch: PackedEntries): void {
    for (const entry of unpackEntries(batch)) {
      for (const change of decodeTopologyChanges(entry)) {
        if (isAccessChange(change)) this.#access.apply(change)
        else this.#applyChange(change)
      }
    }
    this.#appliedSequence = batch.lastSequence
  }

  #applyChange(change: Exclude<TopologyChange, AccessChange>): void {
    switch (change.kind) {
      case 'vhost':
        if (change.op === 'put') this.#vhosts.set(change.row.name, change.row)
        else this.#deleteVHost(change.name)
        return
      case 'exchange':
        if (change.op === 'put') this.#exchanges.set(keyOf(change.row), change.row)
        else this.#deleteExchange(change)
        return
      case 'queue':
        if (change.op === 'put') this.#queues.set(keyOf(change.row), change.row)
        else this.#deleteQueue(change)
        return
      case 'binding': {
        const { row } = change
        const key = JSON.stringify({ ...row, arguments: fieldTableToJson(row.arguments) })
        if (change.op === 'put') this.#bindings.set(key, row)
        else this.#bindings.delete(key)
        return
      }
      case 'policy': {
        const { name, vhost, isOperator } = change.op === 'put' ? change.row : change
        const key = JSON.stringify([vhost, isOperator, name])
        if (change.op === 'put') this.#policies.set(key, change.row)
        else this.#policies.delete(key)
        return
      }
      case 'delay':
        if (change.op === 'put') this.#delays.set(change.row.logId, change.row)
        else this.#delays.delete(change.row.logId)
    }
  }

  #deleteVHost(name: string): void {
    const scoped = [this.#exchanges, this.#queues, this.#bindings, this.#policies]
    for (const rows of scoped) forget(rows, name)
    forget(this.#delays, name)
    this.#access.deleteVHost(name)
    this.#vhosts.delete(name)
  }

  #deleteExchange(named: Named): void {
    this.#exchanges.delete(keyOf(named))
    for (const [logId, { vhost, exchange }] of this.#delays) {
      if (vhost === named.vhost && exchange === named.name) this.#delays.delete(logId)
    }
    this.#deleteBindings(
      (row) =>
        row.vhost === named.vhost && (row.source === named.name || leadsTo(row, 'exchange', named)),
    )
  }

  #deleteQueue(named: Named): void {
    this.#queues.delete(keyOf(named))
    this.#deleteBindings((row) => leadsTo(row, 'queue', named))
  }

  #deleteBindings(isGone: (row: BindingRow) => boolean): void {
    for (const [key, row] of this.#bindings) if (isGone(row)) this.#bindings.delete(key)
  }
}

function forget<K>(rows: Map<K, { readonly vhost: string }>, vhost: string): void {
  for (const [key, row] of rows) if (row.vhost === vhost) rows.delete(key)
}

interface Named {
  readonly vhost: string
  readonly name: string
}

function keyOf({ vhost, name }: Named): string {
  return JSON.stringify([vhost, name])
}

function leadsTo(
  row: BindingRow,
  kind: BindingRow['destinationKind'],
  { vhost, name }: Named,
): boolean {
  return row.vhost === vhost && row.destinationKind === kind && row.destination === name
}
