// The last orders, the newest first, and what has become of each.
import type { JSX } from 'preact'
import type { DemoPictureJson } from '../../../src/admin/v1/demo-operations.ts'
import { count } from '../../lib/format.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { type Column, Table } from '../../parts/table.tsx'

type Order = DemoPictureJson['orders'][number]

const states: Readonly<Record<Order['state'], readonly [Tone, string]>> = {
  waits: ['plain', 'waits'],
  paid: ['good', 'paid'],
  retried: ['look', 'tried again'],
  rejected: ['bad', 'dead'],
}

const columns: readonly Column<Order>[] = [
  { key: 'order', label: 'order', align: 'end', width: '64px', cell: ({ order }) => order },
  { key: 'shop', label: 'shop', cell: ({ shop }) => shop },
  { key: 'item', label: 'item', priority: 2, cell: ({ item }) => item },
  { key: 'amount', label: 'won', align: 'end', cell: ({ amount }) => count(amount) },
  {
    key: 'state',
    label: 'billing',
    width: '112px',
    cell: ({ state }) => <Badge tone={states[state][0]}>{states[state][1]}</Badge>,
  },
]

export function DemoOrders({ orders }: { readonly orders: readonly Order[] }): JSX.Element {
  return (
    <Table
      label="The last ten orders"
      columns={columns}
      rows={rowsOf(orders)}
      keyOf={({ order }) => String(order)}
      empty="The first order comes in a moment"
    />
  )
}
