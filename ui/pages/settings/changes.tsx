// Who changed what by these pages, by the HTTP API and by commands.
import type { JSX } from 'preact'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { decodeName, query } from '../../lib/names.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { useRows } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { SearchField } from '../../parts/chips.tsx'
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

export function ChangesTab({ tabs }: TabProps): JSX.Element {
  const [filter = ''] = useParam('name')
  const pathOf = (page: number, size: number): string =>
    `/v1/audit${query({ page, page_size: size, name: filter })}`
  const rows = useRows<Change>(pathOf)
  const last = rows.rowAt(0)
  return (
    <Page
      title="Settings"
      isFull
      says={
        rows.total !== undefined && (
          <>
            {counted(rows.total, 'change')} {filter === '' ? 'since the start' : 'like that'}
            {last && (
              <>
                , the last one <Ago value={last.time} />
              </>
            )}
          </>
        )
      }
      filters={
        <>
          {tabs}
          <span class="settings-filter">
            <SearchField
              label="Filter by path"
              placeholder="Filter: users, queues, a name"
              value={filter}
              onChange={(name) => setParams({ name })}
            />
          </span>
        </>
      }
      command={<AsCommand curl={curlOf('GET', `/v1/audit${query({ name: filter })}`)} />}
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

const columns: readonly Column<Change>[] = [
  { key: 'time', label: 'When', width: '150px', cell: ({ time }) => <At value={time} /> },
  {
    key: 'user',
    label: 'Who',
    width: '180px',
    cell: ({ user }) => <Name value={user} />,
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
