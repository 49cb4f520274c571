// Policies: settings for all streams or exchanges whose names fit a pattern.
import type { JSX } from 'preact'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { SearchField } from '../../parts/chips.tsx'
import { Choice } from '../../parts/field.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { type Policy, PolicyPanel } from './policy-panel.tsx'
import type { TabProps } from './tab-props.ts'

type Kind = 'policies' | 'operator-policies'

const kinds = [
  { value: 'policies', label: "Users' policies" },
  { value: 'operator-policies', label: "Operators' limits" },
] as const

/** What the panel shows for a new one. */
const newKey = 'new'

function keyOf({ vhost, name }: Pick<Policy, 'vhost' | 'name'>): string {
  return JSON.stringify([vhost, name])
}

export function PoliciesTab({ tabs }: TabProps): JSX.Element {
  const [kind = 'policies', setKind] = useParam('kind')
  const [filter = ''] = useParam('name')
  const [open] = useParam('policy')
  const path: Kind = kind === 'operator-policies' ? kind : 'policies'
  const rows = useRows<Policy>(
    (page, size) => `/${path}${query({ page, page_size: size, name: filter })}`,
  )
  const opened = useOpened(path, open)
  const flag = path === 'policies' ? '' : ' --operator'
  return (
    <Page
      title="Settings"
      isFull
      says={
        rows.total !== undefined &&
        `${counted(rows.total, 'policy', 'policies')}; of those that fit a stream the one with the highest priority is in force`
      }
      actions={
        <Button kind="primary" onClick={() => pushParams({ policy: newKey })}>
          Add a policy
        </Button>
      }
      tabs={tabs}
      filters={
        <>
          <Choice label="Whose" value={path} options={kinds} onChange={setKind} />
          <SearchField
            label="Filter by name"
            value={filter}
            onChange={(name) => setParams({ name })}
          />
        </>
      }
      command={<AsCommand cli={`pabal policy list${flag}`} curl={curlOf('GET', `/${path}`)} />}
    >
      <Table
        label="Policies"
        isFull
        columns={columns}
        rows={rows}
        keyOf={keyOf}
        openKey={open}
        onOpen={(policy) => pushParams({ policy: keyOf(policy) })}
        empty={
          <Empty
            title="No policies"
            text="A policy gives settings to all streams whose names fit: a limit for what waits, a time to live, where dead letters go, how long messages are kept. Nothing has to be declared again."
            command={`pabal policy set limit '^orders' '{"max-length":10000}' --apply-to queues`}
          />
        }
      />
      {open !== undefined && (open === newKey || opened !== undefined) && (
        <PolicyPanel
          key={open}
          policy={open === newKey ? undefined : opened}
          isOperator={path === 'operator-policies'}
          onClose={() => setParams({ policy: undefined })}
        />
      )}
    </Page>
  )
}

/** The policy that the URL names. */
function useOpened(path: Kind, open: string | undefined): Policy | undefined {
  const [vhost, name] = placeOf(open)
  const asked = name === undefined ? undefined : `/${path}${apiPath`/${vhost ?? ''}/${name}`}`
  return useLive<Policy>(asked).data
}

function placeOf(open: string | undefined): readonly (string | undefined)[] {
  if (open === undefined || open === newKey) return []
  try {
    const read: unknown = JSON.parse(open)
    return Array.isArray(read) ? read.map(String) : []
  } catch {
    return []
  }
}

const columns: readonly Column<Policy>[] = [
  {
    key: 'name',
    label: 'Name',
    width: '22%',
    cell: ({ name, vhost }) => (
      <>
        <Name value={name} />
        {vhost !== '/' && <span class="soft"> in {vhost}</span>}
      </>
    ),
  },
  { key: 'pattern', label: 'Pattern', width: '22%', cell: ({ pattern }) => <code>{pattern}</code> },
  {
    key: 'apply',
    label: 'For',
    width: '120px',
    priority: 3,
    cell: (policy) => policy['apply-to'].replace('_', ' '),
  },
  {
    key: 'definition',
    label: 'Gives',
    priority: 2,
    cell: ({ definition }) => <code>{definitionInWords(definition)}</code>,
  },
  {
    key: 'priority',
    label: 'Priority',
    align: 'end',
    width: '80px',
    priority: 2,
    cell: ({ priority }) => <Num value={priority} />,
  },
]

function definitionInWords(definition: Policy['definition']): string {
  return Object.entries(definition)
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
