// Groups of dead letters as a table.
import type { JSX } from 'preact'
import { rowsOf } from '../../lib/rows.ts'
import { Badge } from '../../parts/badge.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, Name, Num } from '../../parts/values.tsx'
import { type Group, whyOf } from './death-groups.ts'

export interface GroupTableProps {
  /** Undefined while nothing is known. */
  readonly groups: readonly Group[] | undefined
  readonly openKey: string | undefined
  readonly onOpen: (key: string) => void
  readonly empty: JSX.Element
  /** Where the messages are is the same for all. */
  readonly isOneStream?: boolean
}

export function GroupTable(props: GroupTableProps): JSX.Element {
  const { groups, openKey, onOpen, empty, isOneStream = false } = props
  return (
    <Table<Group>
      label="Groups of dead letters"
      columns={isOneStream ? columns.filter(({ key }) => key !== 'in') : columns}
      rows={rowsOf(groups)}
      keyOf={({ key }) => key}
      openKey={openKey}
      onOpen={({ key }) => onOpen(key)}
      empty={empty}
    />
  )
}

const columns: readonly Column<Group>[] = [
  {
    key: 'count',
    label: 'Messages',
    align: 'end',
    width: '88px',
    hint: 'That died in this way and are still there',
    cell: ({ count }) => <Num value={count} />,
  },
  {
    key: 'why',
    label: 'Why',
    cell: (group) => <Why group={group} />,
  },
  {
    key: 'where',
    label: 'Died in',
    hint: 'The queue in which they died last',
    width: '13%',
    priority: 2,
    cell: ({ queue }) => (queue === null ? <span class="soft">–</span> : <Name value={queue} />),
  },
  {
    key: 'address',
    label: 'Published to',
    hint: 'Exchange and routing keys that they had there',
    width: '18%',
    priority: 3,
    cell: (group) => <Address group={group} />,
  },
  {
    key: 'in',
    label: 'Now in',
    width: '14%',
    priority: 2,
    cell: ({ stream }) => <Name value={stream.name} to={streamUrl(stream, 'deaths')} />,
  },
  {
    key: 'first',
    label: 'First',
    align: 'end',
    width: '96px',
    priority: 3,
    cell: ({ first }) => <Ago value={first} />,
  },
  {
    key: 'last',
    label: 'Last',
    align: 'end',
    width: '96px',
    cell: ({ last }) => <Ago value={last} />,
  },
]

export function Why({ group }: { readonly group: Group }): JSX.Element {
  const { exception, exception_type: type, reason } = group
  const text = [shortType(type), exception].filter((part) => part !== null).join(': ')
  return (
    <span class="death-why" title={type ?? undefined}>
      <Badge tone={reason === 'expired' ? 'plain' : 'bad'}>{whyOf(group)}</Badge>
      {text !== '' && <span class="death-exception mono">{text}</span>}
    </span>
  )
}

/** Without its package. */
function shortType(type: string | null): string | null {
  return type === null ? null : type.slice(type.lastIndexOf('.') + 1)
}

function Address({ group }: { readonly group: Group }): JSX.Element {
  const { exchange, routing_keys: keys, has_other_keys: hasOthers } = group
  const [first] = keys
  const isMany = keys.length > 1 || hasOthers
  return (
    <span class="death-address">
      {exchange === null || exchange === '' ? (
        <span class="soft">default</span>
      ) : (
        <Name value={exchange} />
      )}
      {first !== undefined && first !== '' && (
        <>
          <span class="soft">/</span>
          <Name value={first} />
        </>
      )}
      {isMany && <span class="soft">and others</span>}
    </span>
  )
}
