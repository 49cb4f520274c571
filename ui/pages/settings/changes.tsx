// Who changed what by these pages, by the HTTP API and by commands.
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { now } from '../../lib/live.ts'
import { decodeName, query } from '../../lib/names.ts'
import { setParams, urlOf, useParam } from '../../lib/router.ts'
import { type Rows, useRows } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Chip, SearchField } from '../../parts/chips.tsx'
import { Choice } from '../../parts/field.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, At, Name } from '../../parts/values.tsx'
import type { TabProps } from './tab-props.ts'

interface Change {
  readonly time: number
  readonly user: string
  readonly address: string
  readonly method: string
  readonly path: string
}

/** In words of the sentence. */
const periods = {
  hour: 'in the last hour',
  day: 'in the last day',
  all: 'since the start',
} as const
type Period = keyof typeof periods

const periodOptions = [
  { value: 'hour', label: 'Last hour' },
  { value: 'day', label: 'Last day' },
  { value: 'all', label: 'All' },
] as const

const lengths: Readonly<Record<Period, number | undefined>> = {
  hour: 3_600_000,
  day: 86_400_000,
  all: undefined,
}

function sinceOf(period: Period): number | undefined {
  const length = lengths[period]
  return length === undefined ? undefined : Math.floor(now.peek() - length)
}

export function ChangesTab({ tabs }: TabProps): JSX.Element {
  const [filter = ''] = useParam('name')
  const [user] = useParam('user')
  const [last = 'all'] = useParam('last')
  const period = last in periods ? (last as Period) : 'all'
  const since = useMemo(() => sinceOf(period), [period])
  const pathOf = (page: number, size: number): string =>
    `/v1/audit${query({ page, page_size: size, name: filter, user, since })}`
  const rows = useRows<Change>(pathOf)
  const isAll = filter === '' && user === undefined
  return (
    <Page
      title="Settings"
      isFull
      says={
        rows.total !== undefined && (
          <Says rows={rows} words={isAll ? periods[period] : 'like that'} />
        )
      }
      tabs={tabs}
      filters={
        <>
          <SearchField
            label="Filter by path"
            placeholder="Filter: users, queues, a name"
            value={filter}
            onChange={(name) => setParams({ name })}
          />
          <Choice
            label="Of which time"
            value={period}
            options={periodOptions}
            onChange={(value) => setParams({ last: value === 'all' ? undefined : value })}
          />
          {user !== undefined && (
            <Chip label="user" onRemove={() => setParams({ user: undefined })}>
              by {plainName(user)}
            </Chip>
          )}
        </>
      }
      command={
        <AsCommand curl={curlOf('GET', `/v1/audit${query({ name: filter, user, since })}`)} />
      }
    >
      <Table
        label="Changes, the newest first"
        isFull
        columns={columns}
        rows={rows}
        keyOf={({ time, path }) => `${time} ${path}`}
        empty={
          <Empty
            title="Nothing was changed"
            text="Each change by these pages, by the HTTP API and by commands stands here, the last 10,000 of them. The broker's log has all, also those of the time before its start."
          />
        }
      />
    </Page>
  )
}

function Says({
  rows,
  words,
}: {
  readonly rows: Rows<Change>
  readonly words: string
}): JSX.Element {
  const newest = rows.rowAt(0)
  return (
    <>
      {counted(rows.total ?? 0, 'change')} {words}
      {newest && (
        <>
          , the last one <Ago value={newest.time} />
        </>
      )}
    </>
  )
}

const columns: readonly Column<Change>[] = [
  { key: 'time', label: 'When', width: '150px', cell: ({ time }) => <At value={time} /> },
  {
    key: 'user',
    label: 'Who',
    width: '180px',
    cell: ({ user }) => <Name value={user} to={urlOf('/settings', { tab: 'changes', user })} />,
  },
  {
    key: 'address',
    label: 'From',
    width: '150px',
    priority: 3,
    cell: ({ address }) =>
      address === '' ? <span class="soft">a command here</span> : <code>{address}</code>,
  },
  {
    key: 'what',
    label: 'What',
    cell: ({ method, path }) => (
      <span title={`${method} ${path}`}>
        {verbs[method] ?? method} <code>{inWords(path)}</code>
      </span>
    ),
  },
]

const verbs: Readonly<Record<string, string>> = { PUT: 'set', DELETE: 'deleted', POST: 'did' }

/** `/api/queues/%2F/orders` → `queues / orders`. */
function inWords(path: string): string {
  return path
    .replace(/^\/api\/(?:v1\/)?/, '')
    .split('/')
    .map((part) => plainName(decodeName(part)))
    .join(' ')
}
