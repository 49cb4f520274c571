// What `GET /api/v1/cluster` answers.
import { z } from 'zod'

export interface ClusterJson {
  readonly is_cluster: boolean
  readonly cluster_id: string | null
  readonly node: string
  readonly nodes: readonly ClusterNodeJson[]
  readonly cells: readonly ClusterCellJson[]
  readonly postgres: ClusterPostgresJson | null
  readonly objects: ClusterObjectsJson | null
  readonly missing?: readonly string[]
}

export type NodeState = 'alive' | 'draining' | 'frozen' | 'stopped' | 'gone'

export interface ClusterNodeJson {
  readonly name: string
  readonly number: number
  readonly is_self: boolean
  readonly state: NodeState
  readonly version: string
  readonly cells: readonly number[]
  readonly addresses: Readonly<Record<string, string>>
  readonly heartbeat_ms: number | null
  readonly takeovers: number | null
}

export type CellState = 'served' | 'unowned' | 'down'

export interface ClusterCellJson {
  readonly cell: number
  readonly state: CellState
  readonly owner: string | null
  readonly epoch: number
  readonly vhosts: number
  readonly rows_bytes: number | null
  readonly rows_age_ms: number | null
}

export interface ClusterPostgresJson {
  readonly has_standby: boolean | null
  readonly commits: number
  readonly last_ms: number | null
  readonly p50_ms: number | null
  readonly p99_ms: number | null
}

export interface ClusterObjectsJson {
  readonly rows_bytes: number
  readonly rows_age_ms: number
  readonly requests: number
  readonly failures: number
  readonly bytes_read: number
  readonly bytes_written: number
  readonly last_ms: number | null
  readonly failing: boolean
}

const count = z.number().int().nonnegative()
const ms = z.number().nullable()

const nodeSchema = z.object({
  name: z.string(),
  number: count.describe('The same for a name, whenever it starts again; Kafka’s id is one more'),
  is_self: z.boolean().describe('It is the one that answers'),
  state: z
    .enum(['alive', 'draining', 'frozen', 'stopped', 'gone'])
    .describe('frozen: PostgreSQL does not answer it; gone: it has ended without stopping'),
  version: z.string(),
  cells: z.array(count).describe('That it has'),
  addresses: z.record(z.string(), z.string()).describe('By protocol; `node` is for other nodes'),
  heartbeat_ms: ms.describe('How long its last heartbeat took; null: it has not said'),
  takeovers: count.nullable().describe('Cells that it has taken from owners that had crashed'),
})

const cellSchema = z.object({
  cell: count,
  state: z
    .enum(['served', 'unowned', 'down'])
    .describe('down: its owners crashed too often, and nobody takes it'),
  owner: z.string().nullable(),
  epoch: count.describe('Rises with each owner'),
  vhosts: count.describe('Virtual hosts in it'),
  rows_bytes: count.nullable().describe('In rows of PostgreSQL, and no object yet'),
  rows_age_ms: ms.describe('How long the first of that has waited'),
})

const postgresSchema = z.object({
  has_standby: z
    .boolean()
    .nullable()
    .describe('Whether a second machine has each commit; null: nobody has said'),
  commits: count.describe('Of all cells, since their owners have them'),
  last_ms: ms.describe('The slowest of the last ones of all nodes'),
  p50_ms: ms,
  p99_ms: ms,
})

const objectsSchema = z.object({
  rows_bytes: count.describe('Of all cells: what is in rows, and no object yet'),
  rows_age_ms: z.number().describe('How long the first of that has waited'),
  requests: count.describe('Of all nodes, since their start'),
  failures: count.describe('Tries that failed'),
  bytes_read: count,
  bytes_written: count,
  last_ms: ms.describe('The slowest of the last ones of all nodes'),
  failing: z.boolean().describe('The last try of a node has failed'),
})

export const clusterSchema: z.ZodType<ClusterJson> = z.object({
  is_cluster: z.boolean().describe('false: this broker is alone, on its own disk'),
  cluster_id: z.string().nullable(),
  node: z.string().describe('That answers'),
  nodes: z.array(nodeSchema),
  cells: z.array(cellSchema),
  postgres: postgresSchema.nullable(),
  objects: objectsSchema.nullable(),
  missing: z.array(z.string()).optional().describe('Who has not answered in time'),
}) as z.ZodType<ClusterJson>
