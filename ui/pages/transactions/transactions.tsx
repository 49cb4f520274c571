// Transactions of Kafka's producers: which are open, and for how long.
import type { JSX } from 'preact'
import type { TransactionJson } from '../../../src/admin/v1/transaction-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { now, useLive } from '../../lib/live.ts'
import { query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Chip } from '../../parts/chips.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, Duration, Name, Num } from '../../parts/values.tsx'
import { TransactionPanel } from './transaction-panel.tsx'
import { openMsOf, seconds, sentenceFor, stateOf } from './transaction-words.ts'

/** Without how long it has been open, which would make each look another answer. */
type Listed = Omit<TransactionJson, 'open_ms'>

const listed = 'name,state,producer_id,epoch,partitions,groups,timeout_ms,started'
/** To know how many there are. */
const allPath = `/v1/transactions${query({ page: 1, page_size: 1, columns: 'name' })}`
/** Those that are open, the oldest first. */
const openPath = `/v1/transactions${query({ page: 1, page_size: 1, state: 'Ongoing', sort: 'started', columns: 'name,started' })}`

export function TransactionsPage(): JSX.Element {
  const [filter = ''] = useParam('name')
  const [state, setState] = useParam('state')
  const [by] = useParam('sort')
  const [isReverse] = useParam('reverse')
  const [openId, openTransaction] = useParam('transaction')
  const isOpenOnly = state === 'open'
  const rows = useRows<Listed>((page, size) => {
    const order = { sort: by, sort_reverse: isReverse === undefined ? undefined : 'true' }
    const only = isOpenOnly ? 'Ongoing' : undefined
    const asked = { page, page_size: size, name: filter, state: only, ...order, columns: listed }
    return `/v1/transactions${query(asked)}`
  })
  const isFiltered = filter !== '' || isOpenOnly
  return (
    <Page
      title="Transactions"
      says={<Says />}
      filters={
        <>
          <SearchParam label="Filter by transactional id" param="name" value={filter} />
          <Chip isOn={isOpenOnly} onClick={() => setState(isOpenOnly ? undefined : 'open')}>
            Open
          </Chip>
        </>
      }
      command={<AsCommand cli="pabal transaction list" curl={curlOf('GET', '/v1/transactions')} />}
      isFull
    >
      <Table<Listed>
        label="Transactions"
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        openKey={openId}
        onOpen={({ name }) => pushParams({ transaction: name })}
        sort={{ by, isReverse: isReverse !== undefined }}
        onSort={({ by: sort, isReverse: reverse }) =>
          setParams({ sort, reverse: reverse || undefined })
        }
        empty={<NoTransactions isFiltered={isFiltered} />}
        isFull
      />
      {openId !== undefined && (
        <TransactionPanel key={openId} id={openId} onClose={() => openTransaction(undefined)} />
      )}
    </Page>
  )
}

function Says(): JSX.Element | null {
  const { data: all } = useLive<ListPage<Pick<Listed, 'name'>>>(allPath)
  const { data: open } = useLive<ListPage<Pick<Listed, 'name' | 'started'>>>(openPath)
  if (all === undefined || open === undefined) return null
  const since = open.items[0]?.started ?? undefined
  const oldestMs = since === undefined ? undefined : Math.max(0, now.value - since)
  return <>{sentenceFor(all.total_count, open.total_count, oldestMs)}</>
}

const columns: readonly Column<Listed>[] = [
  {
    key: 'name',
    label: 'Transactional id',
    sort: 'name',
    cell: ({ name }) => <Name value={name} />,
  },
  {
    key: 'state',
    label: 'State',
    width: '112px',
    sort: 'state',
    cell: (transaction) => {
      const openMs = openMsOf(transaction, now.value)
      const { text, tone, hint } = stateOf(transaction.state, openMs)
      return (
        <Badge tone={tone} title={hint}>
          {text}
        </Badge>
      )
    },
  },
  {
    key: 'open',
    label: 'Open for',
    align: 'end',
    width: '112px',
    hint: 'Readers of committed records wait where it began',
    cell: (transaction) => <OpenFor transaction={transaction} />,
  },
  {
    key: 'partitions',
    label: 'Partitions',
    align: 'end',
    width: '96px',
    priority: 2,
    sort: 'partitions',
    hint: 'That the open transaction writes to',
    cell: ({ partitions }) => <Num value={partitions} />,
  },
  {
    key: 'groups',
    label: 'Groups',
    align: 'end',
    width: '80px',
    priority: 2,
    sort: 'groups',
    hint: 'Whose offsets it commits',
    cell: ({ groups }) => <Num value={groups} />,
  },
  {
    key: 'timeout',
    label: 'Time-out',
    align: 'end',
    width: '104px',
    priority: 3,
    sort: 'timeout_ms',
    hint: 'It is aborted when it has been open for so long',
    cell: ({ timeout_ms: ms }) => <Duration value={ms} />,
  },
  {
    key: 'started',
    label: 'Last began',
    align: 'end',
    width: '112px',
    priority: 3,
    sort: 'started',
    cell: ({ started }) => <Ago value={started} />,
  },
]

function OpenFor({ transaction }: { readonly transaction: Listed }): JSX.Element {
  const openMs = openMsOf(transaction, now.value)
  if (openMs === undefined) return <span class="number soft">–</span>
  return <span class="number">{seconds(openMs)}</span>
}

function NoTransactions({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  if (isFiltered) {
    return <Empty title="None of these" text="No transactional id fits what you look for." />
  }
  return (
    <Empty
      title="No transactional ids"
      text="A producer of Kafka that sets transactional.id stands here, with what it has open: while a transaction is open, readers of committed records wait where it began. Connections of AMQP join one by their property transactional_id."
      command="pabal transaction list"
      action={<a href="/streams">Look at streams</a>}
    />
  )
}
