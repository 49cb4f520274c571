// Log entries → the topology that they add up to. The log is the only truth about it: what a broker has
// after a start comes from here.
import type { TopologyEntry } from '../log/commit.ts'
import { fieldTableToJson } from '../record/message/field-table-json.ts'
import { isAccessChange } from './access-rows.ts'
import { AccessTable } from './access-table.ts'
import {
  type BindingRow,
  decodeTopologyChanges,
  type DelayRow,
  type ExchangeRow,
  type PolicyDelete,
  type PolicyRow,
  type QueueRow,
  type TopologyChange,
  type VHostRow,
} from './topology-change.ts'
import type { Topology } from './topology.ts'

/** Entries in order. Throws `TopologyFormatError` when a newer version wrote one of them. */
export function foldTopology(entries: readonly TopologyEntry[]): Topology {
  const fold = new TopologyFold()
  for (const { bytes } of entries) {
    for (const change of decodeTopologyChanges(bytes)) fold.apply(change)
  }
  return fold.result(entries.at(-1)?.sequence ?? 0)
}

interface DatedBinding {
  readonly row: BindingRow
  readonly at: number
}

interface DatedDelay {
  readonly row: DelayRow
  readonly at: number
}

/**
 * What is deleted takes its bindings and delays along. Instead of looking for them, it notes when that
 * was: a binding that is older than the deletion of one of its ends is gone, and so is a delay that is
 * older than the deletion of its exchange.
 */
class TopologyFold {
  readonly #vhosts = new Map<string, VHostRow>()
  readonly #exchanges = new Map<string, ExchangeRow>()
  readonly #queues = new Map<string, QueueRow>()
  readonly #bindings = new Map<string, DatedBinding>()
  readonly #policies = new Map<string, PolicyRow>()
  /** By the id of their log. */
  readonly #delays = new Map<number, DatedDelay>()
  readonly #access = new AccessTable()
  /** When what had this name was deleted last. */
  readonly #deletedAt = new Map<string, number>()
  #now = 0

  apply(change: TopologyChange): void {
    this.#now++
    if (isAccessChange(change)) {
      this.#access.apply(change)
      return
    }
    switch (change.kind) {
      case 'vhost':
        if (change.op === 'put') this.#vhosts.set(change.row.name, change.row)
        else this.#deleteVHost(change.name)
        return
      case 'exchange':
      case 'queue':
        this.#applyNamed(change)
        return
      case 'binding': {
        const key = keyOfBinding(change.row)
        if (change.op === 'delete') this.#bindings.delete(key)
        else if (!this.#isThere(key)) this.#bindings.set(key, { row: change.row, at: this.#now })
        return
      }
      case 'policy':
        if (change.op === 'put') this.#policies.set(keyOfPolicy(change.row), change.row)
        else this.#policies.delete(keyOfPolicy(change))
        return
      case 'delay':
        if (change.op === 'delete') this.#delays.delete(change.row.logId)
        else this.#delays.set(change.row.logId, { row: change.row, at: this.#now })
    }
  }

  result(appliedSequence: number): Topology {
    const bindings = [...this.#bindings.values()].filter((binding) => this.#isAlive(binding))
    const delays = [...this.#delays.values()].filter(({ row, at }) => {
      return at > this.#deletionOf('exchange', row.vhost, row.exchange)
    })
    return {
      appliedSequence,
      vhosts: [...this.#vhosts.values()],
      exchanges: [...this.#exchanges.values()],
      queues: [...this.#queues.values()],
      bindings: bindings.map(({ row }) => row),
      policies: [...this.#policies.values()],
      delays: delays.map(({ row }) => row),
      access: this.#access.rows(),
    }
  }

  #applyNamed(change: Extract<TopologyChange, { kind: 'exchange' | 'queue' }>): void {
    if (change.op === 'delete') {
      const key = keyOf(change)
      if (change.kind === 'exchange') this.#exchanges.delete(key)
      else this.#queues.delete(key)
      this.#deletedAt.set(keyOfEnd(change.kind, change.vhost, change.name), this.#now)
    } else if (change.kind === 'exchange') this.#exchanges.set(keyOf(change.row), change.row)
    else this.#queues.set(keyOf(change.row), change.row)
  }

  #deleteVHost(name: string): void {
    this.#vhosts.delete(name)
    for (const [key, { vhost }] of this.#exchanges) if (vhost === name) this.#exchanges.delete(key)
    for (const [key, { vhost }] of this.#queues) if (vhost === name) this.#queues.delete(key)
    for (const [key, { row }] of this.#bindings) if (row.vhost === name) this.#bindings.delete(key)
    for (const [key, { vhost }] of this.#policies) if (vhost === name) this.#policies.delete(key)
    for (const [logId, { row }] of this.#delays) if (row.vhost === name) this.#delays.delete(logId)
    this.#access.deleteVHost(name)
  }

  #isThere(key: string): boolean {
    const binding = this.#bindings.get(key)
    return binding !== undefined && this.#isAlive(binding)
  }

  #isAlive({ row, at }: DatedBinding): boolean {
    if (this.#deletedAt.size === 0) return true
    const { vhost, source, destinationKind, destination } = row
    const sourceGone = this.#deletionOf('exchange', vhost, source)
    return at > sourceGone && at > this.#deletionOf(destinationKind, vhost, destination)
  }

  /** When what has this name was deleted last; 0 for never. */
  #deletionOf(kind: 'queue' | 'exchange', vhost: string, name: string): number {
    return this.#deletedAt.get(keyOfEnd(kind, vhost, name)) ?? 0
  }
}

function keyOf({ vhost, name }: { readonly vhost: string; readonly name: string }): string {
  return `${vhost.length} ${vhost}${name}`
}

function keyOfPolicy(policy: PolicyRow | PolicyDelete): string {
  return `${policy.isOperator ? 'operator' : 'user'} ${keyOf(policy)}`
}

function keyOfEnd(kind: 'queue' | 'exchange', vhost: string, name: string): string {
  return kind + keyOf({ vhost, name })
}

function keyOfBinding(row: BindingRow): string {
  const { vhost, source, destinationKind, destination, routingKey } = row
  const args = row.arguments.size === 0 ? '' : JSON.stringify(fieldTableToJson(row.arguments))
  const lengths = `${vhost.length} ${source.length} ${destination.length} ${routingKey.length} `
  return lengths + destinationKind + vhost + source + destination + routingKey + args
}
