// Cluster: which nodes there are, who has which cell, and how PostgreSQL and the store of objects are.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type {
  ClusterCellJson,
  ClusterJson,
  ClusterNodeJson,
  ClusterObjectsJson,
  ClusterPostgresJson,
} from '../../../src/admin/v1/cluster-json.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { bytes, count, counted, duration } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { rowsOf } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Stat, Stats } from '../../parts/facts.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Num } from '../../parts/values.tsx'
import {
  cellsInWords,
  clusterSentence,
  nodeWords,
  toneOfCell,
  toneOfNode,
} from './cluster-words.ts'

const path = '/v1/cluster'

export function ClusterPage(): JSX.Element {
  const { data, problem } = useLive<ClusterJson>(path)
  const [draining, setDraining] = useState<ClusterNodeJson | undefined>()
  return (
    <Page
      title="Cluster"
      says={data && clusterSentence(data)}
      command={<AsCommand cli="pabal cluster status" curl={curlOf('GET', path)} />}
    >
      {problem !== undefined && data === undefined && <ProblemNote problem={problem} />}
      {problem === undefined && data === undefined && <Skeleton lines={10} />}
      {data?.is_cluster === false && <Alone />}
      {data?.is_cluster === true && <Body cluster={data} onDrain={setDraining} />}
      {data && draining && (
        <Drain cluster={data} node={draining} onClose={() => setDraining(undefined)} />
      )}
    </Page>
  )
}

function Alone(): JSX.Element {
  return (
    <Empty
      title="This broker is alone"
      text="What it keeps is on its own disk. As nodes of a cluster, brokers keep everything in PostgreSQL and a store of objects, and any of them may be lost."
      command="pabal cluster dev"
      action={<ButtonLink to="/docs/cluster.html">Read more</ButtonLink>}
    />
  )
}

interface BodyProps {
  readonly cluster: ClusterJson
  readonly onDrain: (node: ClusterNodeJson) => void
}

function Body({ cluster, onDrain }: BodyProps): JSX.Element {
  const { nodes, cells, missing = [] } = cluster
  return (
    <>
      {missing.length > 0 && (
        <p>
          <Badge tone="bad">not all</Badge> {missing.join(', ')} did not answer in time.
        </p>
      )}
      <Lag cluster={cluster} />
      <Section title="Nodes">
        <Table
          label="Nodes"
          columns={nodeColumns(onDrain)}
          rows={rowsOf(nodes)}
          keyOf={({ name }) => name}
          empty={<p class="soft">There is no node.</p>}
        />
      </Section>
      <Section title="Cells">
        <Table
          label="Cells"
          columns={cellColumns}
          rows={rowsOf(cells)}
          keyOf={({ cell }) => `${cell}`}
          empty={<p class="soft">There is no cell.</p>}
        />
      </Section>
    </>
  )
}

function Lag({ cluster: { postgres, objects } }: { readonly cluster: ClusterJson }): JSX.Element {
  return (
    <Stats>
      {postgres !== null && <PostgresStats postgres={postgres} />}
      {objects !== null && <ObjectsStats objects={objects} />}
    </Stats>
  )
}

function PostgresStats({
  postgres: { has_standby: hasStandby, p50_ms: p50, p99_ms: p99 },
}: {
  readonly postgres: ClusterPostgresJson
}): JSX.Element {
  const isSafe = hasStandby === true
  return (
    <>
      <Stat
        label="A commit takes"
        value={milliseconds(p50)}
        hint="Half of all commits are faster; pabal_cluster_commit_seconds"
      >
        {p99 === null
          ? 'none since the owners have their cells'
          : `${milliseconds(p99)} for the slowest 1 %`}
      </Stat>
      <Stat
        label="Standby of PostgreSQL"
        value={isSafe ? 'yes' : 'none'}
        tone={hasStandby === false ? 'look' : 'plain'}
        hint="synchronous_standby_names; pabal_cluster_standby"
      >
        {isSafe ? 'a commit is on two machines' : 'what is confirmed is on one machine'}
      </Stat>
    </>
  )
}

function ObjectsStats({ objects }: { readonly objects: ClusterObjectsJson }): JSX.Element {
  const { failing, failures, last_ms: last } = objects
  const took = last === null ? '' : `the last request took ${milliseconds(last)}, `
  return (
    <>
      <Stat
        label="Waits for the store of objects"
        value={bytes(objects.rows_bytes)}
        hint="In rows of PostgreSQL, of which files become objects once they are full; pabal_cluster_rows_bytes"
      >
        the oldest for {duration(objects.rows_age_ms)}
      </Stat>
      <Stat
        label="Store of objects"
        value={failing ? 'fails' : 'works'}
        tone={failing ? 'bad' : 'plain'}
        hint="pabal_cluster_objects_requests_total, pabal_cluster_objects_failures_total"
      >
        {took}
        {counted(failures, 'failed try', 'failed tries')}
      </Stat>
    </>
  )
}

function milliseconds(value: number | null): string {
  if (value === null) return '–'
  return `${value < 10 ? value : count(Math.round(value))} ms`
}

function nodeColumns(onDrain: BodyProps['onDrain']): readonly Column<ClusterNodeJson>[] {
  return [
    {
      key: 'name',
      label: 'Node',
      cell: ({ name, is_self: isSelf }) => (
        <>
          <span class="mono">{name}</span>
          {isSelf && <span class="soft"> (here)</span>}
        </>
      ),
    },
    {
      key: 'state',
      label: 'State',
      width: '90px',
      cell: ({ state }) => (
        <Badge tone={toneOfNode[state]} title={nodeWords[state]}>
          {state}
        </Badge>
      ),
    },
    {
      key: 'cells',
      label: 'Cells',
      cell: ({ cells }) => <span title={cells.join(', ')}>{cellsInWords(cells)}</span>,
    },
    {
      key: 'heartbeat',
      label: 'Heartbeat',
      hint: 'How long its last one took in PostgreSQL; pabal_cluster_heartbeat_seconds',
      align: 'end',
      width: '96px',
      priority: 2,
      cell: ({ heartbeat_ms: ms }) => milliseconds(ms),
    },
    {
      key: 'address',
      label: 'AMQP',
      priority: 3,
      cell: ({ addresses }) => <span class="mono">{addresses['amqp'] ?? ''}</span>,
    },
    {
      key: 'version',
      label: 'Version',
      width: '80px',
      priority: 3,
      cell: ({ version }) => version,
    },
    {
      key: 'do',
      label: '',
      width: '108px',
      align: 'end',
      cell: (node) => <NodeAction node={node} onDrain={onDrain} />,
    },
  ]
}

function NodeAction({
  node,
  onDrain,
}: {
  readonly node: ClusterNodeJson
  readonly onDrain: BodyProps['onDrain']
}): JSX.Element {
  const isOff = node.state === 'gone' || node.state === 'stopped'
  if (isOff) return <Button onClick={() => void forget(node.name)}>Forget</Button>
  return node.state === 'draining' ? (
    <Button onClick={() => void undrain(node.name)}>Undrain</Button>
  ) : (
    <Button onClick={() => onDrain(node)}>Drain</Button>
  )
}

function actionPath(name: string, verb: 'drain' | 'undrain'): string {
  return `${path}/nodes/${encodeURIComponent(name)}/${verb}`
}

async function undrain(name: string): Promise<void> {
  await ask('POST', actionPath(name, 'undrain')).catch((error: unknown) => toast(String(error)))
  refresh()
}

/** It is back on the list when it starts again, so nobody is asked. */
async function forget(name: string): Promise<void> {
  await ask('DELETE', `${path}/nodes/${encodeURIComponent(name)}`).catch((error: unknown) =>
    toast(String(error)),
  )
  refresh()
}

const cellColumns: readonly Column<ClusterCellJson>[] = [
  { key: 'cell', label: 'Cell', width: '56px', align: 'end', cell: ({ cell }) => cell },
  {
    key: 'state',
    label: 'State',
    width: '96px',
    cell: (cell) => <CellState cell={cell} />,
  },
  {
    key: 'owner',
    label: 'Owner',
    cell: ({ owner }) => <span class="mono">{owner ?? '–'}</span>,
  },
  {
    key: 'epoch',
    label: 'Epoch',
    hint: 'Rises with each owner; pabal_cell_epoch',
    align: 'end',
    width: '72px',
    cell: ({ epoch }) => <Num value={epoch} />,
  },
  {
    key: 'vhosts',
    label: 'Virtual hosts',
    align: 'end',
    width: '112px',
    priority: 2,
    cell: ({ vhosts }) => <Num value={vhosts} />,
  },
  {
    key: 'rows',
    label: 'In rows',
    hint: 'Of PostgreSQL, and in no object yet: publishers wait at 1 GiB',
    align: 'end',
    width: '96px',
    priority: 2,
    cell: ({ rows_bytes: size }) => (size === null ? '–' : bytes(size)),
  },
]

function CellState({ cell: { cell, state } }: { readonly cell: ClusterCellJson }): JSX.Element {
  return state === 'down' ? (
    <Button onClick={() => void reopen(cell)}>Reopen</Button>
  ) : (
    <Badge tone={toneOfCell[state]}>{state}</Badge>
  )
}

async function reopen(cell: number): Promise<void> {
  await ask('POST', `${path}/cells/${cell}/reopen`).catch((error: unknown) => toast(String(error)))
  refresh()
}

interface DrainProps {
  readonly cluster: ClusterJson
  readonly node: ClusterNodeJson
  readonly onClose: () => void
}

function Drain({ cluster, node, onClose }: DrainProps): JSX.Element {
  const { name, cells } = node
  const vhosts = cluster.cells
    .filter(({ owner }) => owner === name)
    .reduce((sum, cell) => sum + cell.vhosts, 0)
  const others = cluster.nodes.filter((each) => each.state === 'alive' && each.name !== name)
  return (
    <Confirm
      title={`Drain ${name}`}
      effect={
        others.length === 0
          ? 'There is no other node that could take its cells.'
          : `Moves ${counted(cells.length, 'cell')} with ${counted(vhosts, 'virtual host')} to ${others.map((each) => each.name).join(' and ')}. Their clients are told to connect again, which takes a second or two; no message is lost. The node stays, and passes clients on to the others.`
      }
      verb={`Drain ${name}`}
      cli={`pabal cluster drain ${name}`}
      curl={curlOf('POST', actionPath(name, 'drain'))}
      isDisabled={others.length === 0}
      run={async () => {
        await ask('POST', actionPath(name, 'drain'))
        refresh()
      }}
      onClose={onClose}
    />
  )
}
