// All of the topology that the log keeps, as rows.
import type { AccessRows } from './access-rows.ts'
import type {
  BindingRow,
  DelayRow,
  ExchangeRow,
  PolicyRow,
  QueueRow,
  VHostRow,
} from './topology-change.ts'

/** All rows, and the sequence of the last entry in them; 0 before the first. */
export interface Topology {
  readonly appliedSequence: number
  readonly vhosts: readonly VHostRow[]
  readonly exchanges: readonly ExchangeRow[]
  readonly queues: readonly QueueRow[]
  readonly bindings: readonly BindingRow[]
  readonly policies: readonly PolicyRow[]
  readonly delays: readonly DelayRow[]
  readonly access: AccessRows
}
