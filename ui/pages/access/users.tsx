// The users, and one of them in a panel.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { limitMeanings, type Permission, tagMeanings, type User } from './access-json.ts'
import { useSettingsUser } from './use-settings-user.ts'
import { NewUser } from './user-forms.tsx'
import { UserPanel } from './user-panel.tsx'

/** No hash of a password comes to the browser. */
const columns = 'name,tags,limits'

export function UsersTab({ tabs }: { readonly tabs: JSX.Element }): JSX.Element {
  const [filter = ''] = useParam('name')
  const [by = 'name'] = useParam('sort')
  const [isReverse] = useParam('reverse')
  const [open] = useParam('user')
  const [isAdding, setAdding] = useState(false)
  const settingsUser = useSettingsUser()
  const vhostCounts = useVHostCounts()
  const outside = useLive<ListPage<User>>(
    '/users/without-permissions?page=1&page_size=1&columns=name',
  ).data?.filtered_count
  const pathOf = (page: number, size: number): string =>
    `/users${query({ page, page_size: size, name: filter, sort: by, sort_reverse: isReverse, columns })}`
  const rows = useRows<User>(pathOf)
  return (
    <Page
      title="Access"
      isFull
      says={rows.total === undefined ? undefined : sentence(rows.total, { filter, outside })}
      actions={
        rows.problem === undefined && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            Add a user
          </Button>
        )
      }
      tabs={tabs}
      filters={<SearchParam label="Filter by name" param="name" value={filter} />}
      command={<AsCommand cli="pabal user list" curl={curlOf('GET', '/users')} />}
    >
      <Table
        label="Users"
        isFull
        columns={userColumns(settingsUser, vhostCounts)}
        rows={rows}
        keyOf={({ name }) => name}
        sort={{ by, isReverse: isReverse !== undefined }}
        onSort={({ by: sort, isReverse: reverse }) =>
          setParams({ sort, reverse: reverse || undefined })
        }
        openKey={open}
        onOpen={({ name }) => pushParams({ user: name })}
        empty={
          <Empty
            title={filter === '' ? 'No users' : 'No user has such a name'}
            text="A program that publishes or reads logs in as a user, whose permissions say what it may do."
            command="pabal user add app --new-password-file app.password"
          />
        }
      />
      {open !== undefined && (
        <UserPanel
          key={open}
          name={open}
          isOfSettings={open === settingsUser}
          onClose={() => setParams({ user: undefined })}
        />
      )}
      {isAdding && <NewUser onClose={() => setAdding(false)} />}
    </Page>
  )
}

function sentence(
  total: number,
  { filter, outside = 0 }: { readonly filter: string; readonly outside: number | undefined },
): string {
  if (filter !== '') return `${counted(total, 'user')} with “${filter}” in the name`
  const users = counted(total, 'user')
  return outside === 0 ? users : `${users}, ${outside} of them without any permission`
}

function userColumns(
  settingsUser: string | undefined,
  vhostCounts: ReadonlyMap<string, number> | undefined,
): readonly Column<User>[] {
  return [
    {
      key: 'name',
      label: 'Name',
      sort: 'name',
      cell: ({ name }) => (
        <>
          <Name value={name} />
          {name === settingsUser && (
            <span class="access-own">
              <Badge title="It comes from --user, or is guest; it may do everything">
                of the settings
              </Badge>
            </span>
          )}
        </>
      ),
    },
    { key: 'tags', label: 'Tags', width: '34%', cell: ({ tags }) => <Tags tags={tags} /> },
    {
      key: 'vhosts',
      label: 'Virtual hosts',
      hint: 'Where it has a permission, and may enter',
      align: 'end',
      width: '112px',
      priority: 2,
      cell: ({ name }) =>
        name === settingsUser ? 'all' : <Num value={vhostCounts && (vhostCounts.get(name) ?? 0)} />,
    },
    {
      key: 'limits',
      label: 'Limits',
      width: '26%',
      priority: 3,
      cell: ({ limits }) => <span class="soft">{limitsInWords(limits)}</span>,
    },
  ]
}

export function Tags({ tags }: { readonly tags: readonly string[] }): JSX.Element {
  if (tags.length === 0) {
    return (
      <span
        class="soft"
        title="It uses AMQP, Kafka, MQTT, STOMP and messages by HTTP, and sees no page"
      >
        none
      </span>
    )
  }
  return (
    <span class="access-tags">
      {tags.map((tag) => (
        <Badge
          key={tag}
          tone={tag === 'administrator' ? 'good' : 'plain'}
          title={tagMeanings[tag] ?? 'It means nothing to the broker'}
        >
          {tag}
        </Badge>
      ))}
    </span>
  )
}

export function limitsInWords(limits: User['limits']): string {
  const set = Object.entries(limits)
  if (set.length === 0) return 'none'
  return set
    .map(([name, value]) => `${value.toLocaleString('en')} ${limitMeanings[name] ?? name}`)
    .join(', ')
}

/** How many virtual hosts each user may enter; undefined where there are more than a page knows. */
function useVHostCounts(): ReadonlyMap<string, number> | undefined {
  const { data } = useLive<ListPage<Permission>>('/permissions?page=1&page_size=500&columns=user')
  if (data === undefined || data.filtered_count > data.items.length) return undefined
  const counts = new Map<string, number>()
  for (const { user } of data.items) counts.set(user, (counts.get(user) ?? 0) + 1)
  return counts
}
