// The same as the picture in a table: for small screens, and for those who do not see it.
import type { JSX } from 'preact'
import type { TopologyEdgeJson, TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { Badge } from '../../parts/badge.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num, Rate } from '../../parts/values.tsx'
import { kindText, nodeName, worstNote } from './words.ts'

export interface ListViewProps {
  readonly nodes: readonly TopologyNodeJson[]
  readonly edges: readonly TopologyEdgeJson[]
  readonly openId: string | undefined
  readonly onOpen: (id: string) => void
  readonly label: string
}

export function ListView({ nodes, edges, openId, onOpen, label }: ListViewProps): JSX.Element {
  const sorted = nodes.toSorted((a, b) => orderOf(a) - orderOf(b))
  return (
    <Table
      label={label}
      columns={columnsOf(edges)}
      rows={rowsOf(sorted)}
      keyOf={({ id }) => id}
      openKey={openId}
      onOpen={({ id }) => onOpen(id)}
      empty={<p class="soft">Nothing is here.</p>}
    />
  )
}

const kinds: readonly TopologyNodeJson['kind'][] = ['exchange', 'topic', 'queue', 'client', 'group']

/** What is wrong first, then from where messages come in to who reads them. */
function orderOf(node: TopologyNodeJson): number {
  const note = worstNote(node)
  const rank = note === undefined ? 2 : note.tone === 'bad' ? 0 : 1
  return rank * kinds.length + kinds.indexOf(node.kind)
}

function columnsOf(edges: readonly TopologyEdgeJson[]): Column<TopologyNodeJson>[] {
  const leadsTo = new Map<string, string[]>()
  for (const { from, to } of edges) {
    const name = plainName(to.slice(to.indexOf(':') + 1))
    const known = leadsTo.get(from)
    if (known === undefined) leadsTo.set(from, [name])
    else known.push(name)
  }
  return [
    {
      key: 'name',
      label: 'Name',
      cell: (node) => (
        <>
          {node.kind === 'exchange' && node.name === '' ? (
            nodeName(node)
          ) : (
            <Name value={node.name} />
          )}
          <span class="soft topology-kind"> {node.kind}</span>
        </>
      ),
    },
    { key: 'kind', label: 'Kind', width: '140px', priority: 2, cell: kindText },
    {
      key: 'note',
      label: 'State',
      width: '150px',
      cell(node) {
        const note = worstNote(node)
        return note === undefined ? null : (
          <Badge tone={note.tone} title={note.hint}>
            {note.text}
          </Badge>
        )
      },
    },
    {
      key: 'leads',
      label: 'Leads to',
      priority: 3,
      cell: ({ id }) => <span class="mono">{toldNames(leadsTo.get(id) ?? [])}</span>,
    },
    {
      key: 'messages',
      label: 'Messages',
      align: 'end',
      width: '88px',
      priority: 2,
      cell: ({ kind, messages }) =>
        kind === 'exchange' || kind === 'client' ? null : <Num value={messages} />,
    },
    rateColumn('in', 'In'),
    rateColumn('out', 'Out'),
  ]
}

function rateColumn(key: 'in' | 'out', label: string): Column<TopologyNodeJson> {
  return {
    key,
    label,
    align: 'end',
    width: '80px',
    priority: 3,
    cell: (node) =>
      node.kind === 'client' || node.kind === 'group' ? null : <Rate value={node[key]} />,
  }
}

function toldNames(names: readonly string[]): string {
  const told = [...new Set(names)]
  return told.length <= 3
    ? told.join(', ')
    : `${told.slice(0, 3).join(', ')} and ${told.length - 3} more`
}
