// ACLs: what principals are allowed and denied beside their permissions, as Kafka's clients set it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AclJson } from '../../../src/auth/acl-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { query } from '../../lib/names.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Name } from '../../parts/values.tsx'
import { NewAcl } from './new-acl.tsx'

export function AclsTab({ tabs }: { readonly tabs: JSX.Element }): JSX.Element {
  const [filter = ''] = useParam('name')
  const [by] = useParam('sort')
  const [isReverse] = useParam('reverse')
  const [isAdding, setAdding] = useState(false)
  const [doomed, setDoomed] = useState<AclJson>()
  const rows = useRows<AclJson>((page, size) => {
    const order = { sort: by, sort_reverse: isReverse }
    return `/v1/acls${query({ page, page_size: size, name: filter, ...order })}`
  })
  return (
    <Page
      title="Access"
      isFull
      says={rows.total === undefined ? undefined : counted(rows.total, 'ACL')}
      actions={
        rows.problem === undefined && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            Add an ACL
          </Button>
        )
      }
      tabs={tabs}
      filters={<SearchParam label="Filter by name" param="name" value={filter} />}
      command={<AsCommand cli="pabal acl list" curl={curlOf('GET', '/v1/acls')} />}
    >
      <Table
        label="ACLs"
        isFull
        columns={columnsWith(setDoomed)}
        rows={rows}
        keyOf={(acl) => JSON.stringify(acl)}
        sort={{ by, isReverse: isReverse !== undefined }}
        onSort={({ by: sort, isReverse: reverse }) =>
          setParams({ sort, reverse: reverse || undefined })
        }
        empty={
          <Empty
            title={filter === '' ? 'No ACLs' : 'No ACL is for such a name'}
            text="An ACL allows or denies an operation of Kafka on a topic, a group, a transactional id or the cluster. Where none decides, permissions do."
            command="pabal acl add app allow read topic orders"
          />
        }
      />
      {isAdding && <NewAcl onClose={() => setAdding(false)} />}
      {doomed !== undefined && <EndAcl acl={doomed} onClose={() => setDoomed(undefined)} />}
    </Page>
  )
}

function columnsWith(onDelete: (acl: AclJson) => void): readonly Column<AclJson>[] {
  return [
    {
      key: 'principal',
      label: 'Principal',
      sort: 'principal',
      cell: ({ principal }) => <Name value={principal} />,
    },
    {
      key: 'permission',
      label: 'May',
      width: '88px',
      sort: 'permission',
      cell: ({ permission }) => <Badge>{permission}</Badge>,
    },
    {
      key: 'operation',
      label: 'Operation',
      width: '150px',
      sort: 'operation',
      cell: ({ operation }) => operation,
    },
    {
      key: 'on',
      label: 'On',
      width: '34%',
      sort: 'name',
      cell: ({ resource_type: type, name, pattern_type: pattern }) => (
        <>
          {type} <Name value={name} />
          {pattern === 'prefixed' && <span class="soft"> and what begins so</span>}
        </>
      ),
    },
    {
      key: 'host',
      label: 'From',
      width: '140px',
      priority: 3,
      cell: ({ host }) => (host === '*' ? <span class="soft">anywhere</span> : host),
    },
    {
      key: 'end',
      label: '',
      align: 'end',
      width: '88px',
      cell: (acl) => (
        <Button kind="quiet" onClick={() => onDelete(acl)}>
          Delete
        </Button>
      ),
    },
  ]
}

function EndAcl({
  acl,
  onClose,
}: {
  readonly acl: AclJson
  readonly onClose: () => void
}): JSX.Element {
  const { name: resource_name, ...same } = acl
  const filter = { ...same, resource_name }
  const { principal, permission, operation, resource_type: type, pattern_type: pattern } = acl
  const flags = [
    `--principal ${shellQuoted(principal)} --permission ${permission} --operation ${operation}`,
    `--kind ${type} --name ${shellQuoted(resource_name)} --from ${shellQuoted(acl.host)}`,
  ]
  const cli = `pabal acl delete ${flags.join(' ')}${pattern === 'prefixed' ? ' --prefix' : ''}`
  return (
    <Confirm
      title="Delete an ACL"
      effect={
        <>
          From then on nothing says that <code>{principal}</code> is{' '}
          {permission === 'allow' ? 'allowed' : 'denied'} {operation} on {type}{' '}
          <code>{resource_name}</code>; other ACLs and permissions go on.
        </>
      }
      verb="Delete the ACL"
      cli={cli}
      curl={curlOf('POST', '/v1/acls/delete', filter)}
      run={async () => {
        await ask('POST', '/v1/acls/delete', filter)
        toast('The ACL was deleted')
        refresh()
      }}
      onClose={onClose}
    />
  )
}
