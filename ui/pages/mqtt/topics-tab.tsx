// Retained messages: as a tree of topics, or as a list of those that a filter has.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { RetainedJson } from '../../../src/admin/v1/mqtt/retained-json.ts'
import type { TopicBranchJson } from '../../../src/admin/v1/mqtt/retained-operations.ts'
import { curlOf, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, Bytes, Name, Num } from '../../parts/values.tsx'
import { DeleteRetained } from './delete-retained.tsx'
import { HowToConnect } from './how-to-connect.tsx'
import { RetainedPanel } from './retained-panel.tsx'
import { RetainedValue } from './retained-value.tsx'
import { SetRetained } from './set-retained.tsx'
import type { TabProps } from './tab-props.ts'
import { levelPath, TopicTree } from './topic-tree.tsx'
import { useVHost, VHostField } from './vhost-field.tsx'

export function TopicsTab({ tabs }: TabProps): JSX.Element {
  const vhost = useVHost()
  const [filter = ''] = useParam('filter')
  const [topic] = useParam('topic')
  const [isSetting, setSetting] = useState(false)
  const [deleted, setDeleted] = useState<string>()
  return (
    <Page
      title="MQTT"
      isFull={filter !== ''}
      says={<Sentence vhost={vhost} />}
      tabs={tabs}
      actions={<Button onClick={() => setSetting(true)}>Set a retained message …</Button>}
      filters={
        <>
          <SearchParam
            label="Topic filter"
            param="filter"
            value={filter}
            placeholder="sensors/+/state"
          />
          <VHostField />
          {filter !== '' && (
            <Button kind="danger" onClick={() => setDeleted(filter)}>
              Delete what it has …
            </Button>
          )}
        </>
      }
      command={<Command vhost={vhost} filter={filter} />}
    >
      {filter === '' ? <Tree vhost={vhost} /> : <Found vhost={vhost} filter={filter} />}
      {topic !== undefined && (
        <RetainedPanel
          key={`${vhost} ${topic}`}
          vhost={vhost}
          topic={topic}
          onDelete={() => setDeleted(topic)}
          onClose={() => setParams({ topic: undefined })}
        />
      )}
      {isSetting && <SetRetained vhost={vhost} topic={topic} onClose={() => setSetting(false)} />}
      {deleted !== undefined && (
        <DeleteRetained vhost={vhost} filter={deleted} onClose={() => setDeleted(undefined)} />
      )}
    </Page>
  )
}

function Command({
  vhost,
  filter,
}: {
  readonly vhost: string
  readonly filter: string
}): JSX.Element {
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  const path =
    filter === '' ? levelPath(vhost, undefined, 100) : listPath({ vhost, filter }, 1, 100)
  const cli =
    filter === ''
      ? `pabal mqtt topics${where}`
      : `pabal mqtt retained list --filter ${shellQuoted(filter)}${where}`
  return <AsCommand cli={cli} curl={curlOf('GET', path)} />
}

function useRoot(vhost: string): ListPage<TopicBranchJson> | undefined {
  return useLive<ListPage<TopicBranchJson>>(levelPath(vhost, undefined, 100)).data
}

/** How many are on the first page of the first level: all of them, unless there are very many names. */
function Sentence({ vhost }: { readonly vhost: string }): JSX.Element | null {
  const root = useRoot(vhost)
  if (root === undefined) return null
  const topics = root.items.reduce((sum, branch) => sum + branch.topics, 0)
  const isMore = root.filtered_count > root.items.length
  if (topics === 0) return <>No topic has a message that new subscribers get first.</>
  return (
    <>
      {isMore ? 'More than ' : ''}
      {counted(topics, 'topic')} {topics === 1 ? 'has' : 'have'} a message that new subscribers get
      first.
    </>
  )
}

function Tree({ vhost }: { readonly vhost: string }): JSX.Element {
  const root = useRoot(vhost)
  if (root?.total_count !== 0) return <TopicTree key={vhost} vhost={vhost} />
  return (
    <HowToConnect
      title="Nothing is retained"
      text="A message that is published to be retained stays with its topic until another one takes its place. The topics stand here as a tree, with what each says now."
    />
  )
}

const columns: readonly Column<RetainedJson>[] = [
  {
    key: 'topic',
    label: 'Topic',
    width: '34%',
    sort: 'topic',
    cell: ({ topic }) => <Name value={topic} />,
  },
  { key: 'value', label: 'Message', cell: (row) => <RetainedValue {...row} /> },
  {
    key: 'size',
    label: 'Size',
    align: 'end',
    width: '76px',
    priority: 2,
    sort: 'payload_bytes',
    cell: ({ payload_bytes: size }) => <Bytes value={size} />,
  },
  {
    key: 'qos',
    label: 'QoS',
    align: 'end',
    width: '52px',
    priority: 3,
    cell: ({ qos }) => <Num value={qos} />,
  },
  {
    key: 'time',
    label: 'Set',
    align: 'end',
    width: '92px',
    priority: 2,
    cell: ({ time }) => <Ago value={time} />,
  },
]

interface FoundAsked {
  readonly vhost: string
  readonly filter: string
}

function listPath({ vhost, filter }: FoundAsked, page: number, pageSize: number): string {
  return `/v1/mqtt/retained${query({ vhost, filter, payload: 160, page, page_size: pageSize })}`
}

function Found(asked: FoundAsked): JSX.Element {
  const [sort] = useParam('sort')
  const [desc] = useParam('desc')
  const isReverse = desc === 'true'
  const order = query({ sort, sort_reverse: isReverse || undefined }).replace('?', '&')
  const rows = useRows<RetainedJson>((page, pageSize) => listPath(asked, page, pageSize) + order)
  return (
    <Table
      label="Retained messages of the filter"
      isFull
      columns={columns}
      rows={rows}
      keyOf={({ topic }) => topic}
      sort={{ by: sort, isReverse }}
      onSort={({ by, isReverse: next }) => setParams({ sort: by, desc: next || undefined })}
      onOpen={({ topic }) => pushParams({ topic })}
      empty={
        <Empty
          title="The filter has no topic with a retained message"
          text="A + stands for one level, a # at the end for all that follow."
          action={
            <a href={`/mqtt${query({ tab: 'test', filter: asked.filter })}`}>Test the filter</a>
          }
        />
      }
    />
  )
}
