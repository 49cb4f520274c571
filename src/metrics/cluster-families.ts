// A cluster as one of its nodes sees it: nodes, cells, and what cells are kept in.
import type { Histogram } from '../lib/histogram.ts'
import { counter, type Family, gauge, histogram } from './family.ts'
import { labelsOf } from './labels.ts'

export interface ClusterFigures {
  readonly aliveCount: number
  readonly goneCount: number
  readonly stoppedCount: number
  readonly drainingCount: number
  readonly cells: readonly {
    readonly cell: number
    readonly epoch: number
    readonly state: 'served' | 'unowned' | 'down'
    /** By this node. */
    readonly isOwn: boolean
  }[]
  /** Clients that have come in at this node and that others serve. */
  readonly passedOn: readonly { readonly protocol: string; readonly count: number }[]
  readonly isFrozen: boolean
  readonly hasStandby: boolean | undefined
  readonly heartbeatMs: number | undefined
  /** Of the cells of this node: how long their commits have taken. */
  readonly commitSeconds: readonly Histogram[]
  readonly rowsBytes: number
  readonly rowsAgeMs: number
  readonly objects: {
    readonly requests: number
    readonly failures: number
    readonly bytesRead: number
    readonly bytesWritten: number
  }
  readonly takeovers: number
}

export function clusterFamilies(figures: ClusterFigures): Family[] {
  const { heartbeatMs, hasStandby, objects } = figures
  return [
    ...countFamilies(figures),
    gauge(
      'pabal_cluster_frozen',
      '1 while PostgreSQL does not answer this node, so that nothing of its cells is confirmed',
      Number(figures.isFrozen),
    ),
    gauge(
      'pabal_cluster_standby',
      '1 while PostgreSQL has a synchronous standby',
      hasStandby === undefined ? undefined : Number(hasStandby),
    ),
    gauge(
      'pabal_cluster_heartbeat_seconds',
      'How long the last heartbeat of this node took in PostgreSQL',
      heartbeatMs === undefined ? undefined : heartbeatMs / 1000,
    ),
    ...commitFamilies(figures.commitSeconds),
    gauge(
      'pabal_cluster_rows_bytes',
      'What of the cells of this node is in rows of PostgreSQL and no object yet',
      figures.rowsBytes,
    ),
    gauge(
      'pabal_cluster_rows_age_seconds',
      'How long the oldest of that has waited',
      figures.rowsAgeMs / 1000,
    ),
    counter(
      'pabal_cluster_objects_requests_total',
      'Requests to the store of objects',
      objects.requests,
    ),
    counter(
      'pabal_cluster_objects_failures_total',
      'Tries of requests to the store of objects that failed',
      objects.failures,
    ),
    {
      name: 'pabal_cluster_objects_bytes_total',
      type: 'counter',
      help: 'Bytes of objects that were read and written',
      samples: () => [
        { labels: labelsOf({ direction: 'read' }), value: objects.bytesRead },
        { labels: labelsOf({ direction: 'written' }), value: objects.bytesWritten },
      ],
    },
    counter(
      'pabal_cluster_takeovers_total',
      'Cells that this node has taken from owners that had crashed',
      figures.takeovers,
    ),
  ]
}

/** What there is how often. */
function countFamilies(figures: ClusterFigures): Family[] {
  const { cells } = figures
  return [
    labelled('pabal_cluster_nodes', 'Nodes of the cluster by state', [
      { labels: { state: 'alive' }, value: figures.aliveCount },
      { labels: { state: 'gone' }, value: figures.goneCount },
      { labels: { state: 'stopped' }, value: figures.stoppedCount },
      { labels: { state: 'draining' }, value: figures.drainingCount },
    ]),
    labelled(
      'pabal_cluster_cells',
      'Cells of the cluster by state',
      (['served', 'unowned', 'down'] as const).map((state) => ({
        labels: { state },
        value: cells.filter((each) => each.state === state).length,
      })),
    ),
    labelled(
      'pabal_cell_epoch',
      'How often a cell of this node has got an owner',
      cells
        .filter(({ isOwn }) => isOwn)
        .map(({ cell, epoch }) => ({ labels: { cell: `${cell}` }, value: epoch })),
    ),
    labelled(
      'pabal_cluster_passed_on_clients',
      'Clients that have come in at this node and that other nodes serve',
      figures.passedOn.map(({ protocol, count }) => ({ labels: { protocol }, value: count })),
    ),
  ]
}

interface Labelled {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

function labelled(name: string, help: string, samples: readonly Labelled[]): Family {
  return {
    name,
    type: 'gauge',
    help,
    samples: () => samples.map(({ labels, value }) => ({ labels: labelsOf(labels), value })),
  }
}

/** None without a cell. */
function commitFamilies(all: readonly Histogram[]): Family[] {
  const [first] = all
  if (first === undefined) return []
  const help = 'How long commits of the cells of this node took in PostgreSQL'
  const counts = first.counts.map((_, index) =>
    all.reduce((sum, each) => sum + (each.counts[index] ?? 0), 0),
  )
  const sum = all.reduce((total, each) => total + each.sum, 0)
  const of = { bounds: first.bounds, counts, sum } as unknown as Histogram
  return [histogram('pabal_cluster_commit_seconds', help, { of })]
}
