// Transactions of Kafka's producers, with what AMQP has handed over to them: what is open, for how long, and the end
// of one that its producer does not end.
import type { JSX } from 'preact'
import type { TransactionJson } from '../../../src/admin/v1/transaction-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Chip } from '../../parts/chips.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, Duration, Name, Num } from '../../parts/values.tsx'
import { TransactionPanel } from './transaction-panel.tsx'

export function TransactionsPage(): JSX.Element {
  const [filter = ''] = useParam('name')
  const [state] = useParam('state')
  const [id, setId] = useParam('id')
  const [by] = useParam('sort')
  const [isReverse] = useParam('reverse')
  const isOpenOnly = state === 'Ongoing'
  const rows = useRows<TransactionJson>((page, size) => {
    const order = { sort: by, sort_reverse: isReverse }
    const asked = { page, page_size: size, name: filter, state, ...order }
    return `/v1/transactions${query(asked)}`
  })
  return (
    <Page
      title="Transactions"
      isFull
      says={<Sentence total={rows.total} isOpenOnly={isOpenOnly} />}
      filters={
        <>
          <SearchParam label="Filter by name" param="name" value={filter} />
          <Chip
            isOn={isOpenOnly}
            onClick={() => setParams({ state: isOpenOnly ? undefined : 'Ongoing' })}
          >
            open
          </Chip>
        </>
      }
      command={<AsCommand cli="pabal transaction list" curl={curlOf('GET', '/v1/transactions')} />}
    >
      <Table
        label="Transactions"
        isFull
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        sort={{ by, isReverse: isReverse !== undefined }}
        onSort={({ by: sort, isReverse: reverse }) =>
          setParams({ sort, reverse: reverse || undefined })
        }
        openKey={id}
        onOpen={({ name }) => pushParams({ id: name })}
        empty={<NoTransactions isFiltered={filter !== '' || state !== undefined} />}
      />
      {id !== undefined && <TransactionPanel key={id} id={id} onClose={() => setId(undefined)} />}
    </Page>
  )
}

function Sentence({
  total,
  isOpenOnly,
}: {
  readonly total: number | undefined
  readonly isOpenOnly: boolean
}): JSX.Element | null {
  if (total === undefined) return null
  return (
    <>
      {isOpenOnly ? counted(total, 'open transaction') : counted(total, 'transactional id')}.
      Readers of committed records wait for those that are open.
    </>
  )
}

function NoTransactions({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  return (
    <Empty
      title={isFiltered ? 'No transaction fits' : 'No transactions'}
      text="Producers of Kafka with a transactional.id stand here, with what they have open."
      action={<a href="/docs/exactly-once.html">Read how to use them</a>}
    />
  )
}

const columns: readonly Column<TransactionJson>[] = [
  {
    key: 'name',
    label: 'Transactional id',
    sort: 'name',
    cell: ({ name }) => <Name value={name} />,
  },
  {
    key: 'state',
    label: 'State',
    width: '150px',
    sort: 'state',
    cell: ({ state }) => <Badge tone={state === 'Ongoing' ? 'look' : 'plain'}>{state}</Badge>,
  },
  {
    key: 'open',
    label: 'Open for',
    align: 'end',
    width: '104px',
    sort: 'open_ms',
    cell: ({ open_ms: openMs }) => openMs !== null && <Duration value={openMs} />,
  },
  {
    key: 'partitions',
    label: 'Partitions',
    hint: 'That it writes to',
    align: 'end',
    width: '96px',
    priority: 2,
    cell: ({ partitions }) => <Num value={partitions} />,
  },
  {
    key: 'groups',
    label: 'Groups',
    hint: 'Whose offsets it commits',
    align: 'end',
    width: '88px',
    priority: 2,
    cell: ({ groups }) => <Num value={groups} />,
  },
  {
    key: 'amqp',
    label: 'Acks and messages',
    hint: 'That AMQP has handed over to it',
    align: 'end',
    width: '150px',
    priority: 2,
    cell: ({ acks, publishes }) => (
      <>
        <Num value={acks} /> and <Num value={publishes} />
      </>
    ),
  },
  {
    key: 'started',
    label: 'Last begun',
    align: 'end',
    width: '110px',
    priority: 3,
    sort: 'started',
    cell: ({ started }) => started !== null && <Ago value={started} />,
  },
]
