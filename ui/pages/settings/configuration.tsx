// What the broker was started with, and where each value is from.
import type { JSX } from 'preact'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { rowsOf } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Chip, SearchField } from '../../parts/chips.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import type { TabProps } from './tab-props.ts'

interface Setting {
  readonly setting: string
  readonly value: unknown
  readonly origin: string
  readonly description: string
}

export function ConfigurationTab({ tabs }: TabProps): JSX.Element {
  const { data, problem } = useLive<readonly Setting[]>('/v1/config')
  const [filter = ''] = useParam('name')
  const [only] = useParam('set')
  const given = data?.filter(({ origin }) => origin !== 'default')
  const shown = (only === undefined ? data : given)?.filter(
    ({ setting, description }) => setting.includes(filter) || description.includes(filter),
  )
  return (
    <Page
      title="Settings"
      isFull
      says={
        data &&
        given &&
        `${given.length} of ${counted(data.length, 'setting')} were given; a change needs a restart, but for files of certificates and passwords`
      }
      tabs={tabs}
      filters={
        <>
          <SearchField
            label="Filter settings"
            value={filter}
            onChange={(name) => setParams({ name })}
          />
          <Chip
            isOn={only !== undefined}
            onClick={() => setParams({ set: only === undefined ? 'true' : undefined })}
          >
            Only what was given
          </Chip>
        </>
      }
      command={<AsCommand cli="pabal config show" curl={curlOf('GET', '/v1/config')} />}
    >
      <Table
        label="Settings"
        isFull
        columns={columns}
        rows={rowsOf(shown, problem)}
        keyOf={({ setting }) => setting}
        empty={
          <Empty
            title="No such setting"
            text="Settings are flags, variables or lines of pabal.yaml, which all have the same names."
            command="pabal --help"
          />
        }
      />
    </Page>
  )
}

const columns: readonly Column<Setting>[] = [
  {
    key: 'setting',
    label: 'Setting',
    width: 'min(330px, 48vw)',
    cell: ({ setting, description }) => (
      <span class="mono" title={description}>
        {setting}
      </span>
    ),
  },
  {
    key: 'value',
    label: 'Value',
    width: 'min(240px, 40vw)',
    cell: ({ value }) =>
      value === null || value === '' ? (
        <span class="soft">not set</span>
      ) : (
        <code title={textOf(value)}>{textOf(value)}</code>
      ),
  },
  {
    key: 'origin',
    label: 'From',
    width: '200px',
    priority: 2,
    cell: ({ origin }) =>
      origin === 'default' ? (
        <span class="soft">default</span>
      ) : (
        <Badge tone="good" title={`Given by ${origin}`}>
          {origin}
        </Badge>
      ),
  },
  {
    key: 'description',
    label: 'What it is for',
    priority: 3,
    cell: ({ description }) => (
      <span class="soft" title={description}>
        {description}
      </span>
    ),
  },
]

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
