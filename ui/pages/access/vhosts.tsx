// The virtual hosts, and one of them in a panel.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import type { VHost } from './access-json.ts'
import { NewVHost } from './vhost-forms.tsx'
import { VHostPanel } from './vhost-panel.tsx'

export function VHostsTab({ tabs }: { readonly tabs: JSX.Element }): JSX.Element {
  const [filter = ''] = useParam('name')
  const [open] = useParam('vhost')
  const [isAdding, setAdding] = useState(false)
  const rows = useRows<VHost>(
    (page, size) => `/vhosts${query({ page, page_size: size, name: filter, sort: 'name' })}`,
  )
  return (
    <Page
      title="Access"
      isFull
      says={
        rows.total !== undefined &&
        `${counted(rows.total, 'virtual host')} with streams and permissions of their own; Kafka's clients see /`
      }
      actions={
        <Button kind="primary" onClick={() => setAdding(true)}>
          Add a virtual host
        </Button>
      }
      tabs={tabs}
      filters={<SearchParam label="Filter by name" param="name" value={filter} />}
      command={<AsCommand cli="pabal vhost list" curl={curlOf('GET', '/vhosts')} />}
    >
      <Table
        label="Virtual hosts"
        isFull
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        openKey={open}
        onOpen={({ name }) => pushParams({ vhost: name })}
        empty={
          <Empty
            title="No virtual host has such a name"
            text="A virtual host keeps one application's streams apart from another's."
            command="pabal vhost add staging"
          />
        }
      />
      {open !== undefined && (
        <VHostPanel key={open} name={open} onClose={() => setParams({ vhost: undefined })} />
      )}
      {isAdding && <NewVHost onClose={() => setAdding(false)} />}
    </Page>
  )
}

const columns: readonly Column<VHost>[] = [
  {
    key: 'name',
    label: 'Name',
    width: '28%',
    cell: ({ name }) => <Name value={name} />,
  },
  {
    key: 'description',
    label: 'What it is for',
    priority: 2,
    cell: ({ description, tags }) => (
      <>
        {description}{' '}
        {tags.map((tag) => (
          <Badge key={tag}>{tag}</Badge>
        ))}
      </>
    ),
  },
  {
    key: 'type',
    label: 'Default type',
    hint: 'Of streams that are declared without a type',
    width: '120px',
    priority: 3,
    cell: ({ default_queue_type: type }) => type,
  },
  {
    key: 'messages',
    label: 'Messages',
    align: 'end',
    width: '120px',
    cell: ({ messages }) => (
      <Num value={messages ?? 0} hint="Ready and unacked, in all its streams" />
    ),
  },
]
