// Kafka's consumer groups that have a place in a stream; the one that is open stands in the URL.
import type { JSX } from 'preact'
import type {
  StreamGroupJson,
  StreamShownJson,
} from '../../../src/admin/v1/stream-show-operations.ts'
import { pushParams, useParam } from '../../lib/router.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Badge } from '../../parts/badge.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'

const columns: readonly Column<StreamGroupJson>[] = [
  { key: 'name', label: 'Group', cell: ({ name }) => <Name value={name} /> },
  { key: 'state', label: 'State', width: '124px', cell: stateOf },
  {
    key: 'members',
    label: 'Members',
    align: 'end',
    priority: 2,
    width: '96px',
    cell: ({ members }) => <Num value={members} />,
  },
  {
    key: 'lag',
    label: 'Lag',
    hint: 'Messages that it has not read, in all partitions of this stream',
    align: 'end',
    width: '88px',
    cell: ({ lag }) => <Num value={lag} />,
  },
]

export function GroupTable({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [open] = useParam('group')
  return (
    <Table
      label="Groups"
      columns={columns}
      rows={rowsOf(stream.groups.toSorted((a, b) => b.lag - a.lag))}
      keyOf={({ name }) => name}
      openKey={open}
      onOpen={({ name }) => pushParams({ group: name })}
      empty={null}
    />
  )
}

const states: Readonly<Record<string, readonly [string, 'plain' | 'good' | 'look', string]>> = {
  Stable: ['reads', 'good', 'Its members have their partitions'],
  Empty: ['nobody in it', 'plain', 'It has places and no members'],
  PreparingRebalance: ['rebalances', 'look', 'Members come or go; nobody reads meanwhile'],
  CompletingRebalance: ['rebalances', 'look', 'Its leader gives out partitions'],
}

function stateOf({ state, members, lag }: StreamGroupJson): JSX.Element {
  const [text, tone, hint] = states[state] ?? [state, 'plain', state]
  const isLeft = members === 0 && lag > 0
  return (
    <Badge tone={isLeft ? 'look' : tone} title={hint}>
      {text}
    </Badge>
  )
}
