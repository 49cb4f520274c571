// Shared subscriptions: groups of sessions of which one gets each message, and what waits in each group.
import type { JSX } from 'preact'
import type {
  SharedGroupJson,
  SharedGroupShownJson,
} from '../../../src/admin/v1/mqtt/subscription-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { place, pushParams, setParams, urlOf, useParam } from '../../lib/router.ts'
import { rowsOf, useRows } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { keyOf } from './sessions-query.ts'
import type { TabProps } from './tab-props.ts'

const columns: readonly Column<SharedGroupJson>[] = [
  {
    key: 'group',
    label: 'Group',
    width: '20%',
    sort: 'group',
    cell: ({ group }) => <Name value={group} />,
  },
  {
    key: 'filter',
    label: 'Topic filter',
    sort: 'topic_filter',
    cell: ({ topic_filter: filter }) => <Name value={filter} />,
  },
  {
    key: 'members',
    label: 'Members',
    hint: 'Sessions that share it, and how many of them are connected',
    align: 'end',
    width: '96px',
    sort: 'members',
    cell: ({ members, connected }) => (
      <span class={connected === 0 ? 'mqtt-waits' : undefined}>
        <Num value={connected} /> of <Num value={members} />
      </span>
    ),
  },
  {
    key: 'backlog',
    label: 'Waiting',
    hint: 'Messages that wait for a member with room',
    align: 'end',
    width: '88px',
    sort: 'backlog',
    cell: ({ backlog }) => <Num value={backlog} />,
  },
  {
    key: 'unacked',
    label: 'Unanswered',
    align: 'end',
    width: '104px',
    priority: 2,
    sort: 'unacked',
    cell: ({ unacked }) => <Num value={unacked} />,
  },
]

export function GroupsTab({ tabs }: TabProps): JSX.Element {
  const { params } = place.value
  const [text = '', sort] = [params.get('q'), params.get('sort')]
  const isReverse = params.get('desc') === 'true'
  const [openKey] = useParam('group')
  const pathOf = (page: number, pageSize: number): string =>
    `/v1/mqtt/shared-groups${query({ name: text, sort, sort_reverse: isReverse || undefined, page, page_size: pageSize })}`
  const rows = useRows<SharedGroupJson>(pathOf)
  const open = readKey(openKey)
  return (
    <Page
      title="MQTT"
      isFull
      says={
        rows.total === undefined
          ? undefined
          : `${counted(rows.total, 'group')} ${rows.total === 1 ? 'shares' : 'share'} messages.`
      }
      tabs={tabs}
      filters={<SearchParam label="Group or filter" param="q" value={text} />}
      command={<AsCommand cli="pabal mqtt groups" curl={curlOf('GET', pathOf(1, 100))} />}
    >
      <Table
        label="Shared subscriptions"
        isFull
        columns={columns}
        rows={rows}
        keyOf={({ vhost, name }) => JSON.stringify([vhost, name])}
        sort={{ by: sort, isReverse }}
        onSort={({ by, isReverse: next }) => setParams({ sort: by, desc: next || undefined })}
        openKey={openKey}
        onOpen={({ vhost, name }) => pushParams({ group: JSON.stringify([vhost, name]) })}
        empty={
          <Empty
            title="No subscription is shared"
            text={
              <>
                A client that subscribes to <code>$share/GROUP/FILTER</code> shares its messages:
                each goes to one member of the group, and waits while none is connected.
              </>
            }
            command="mosquitto_sub -t '$share/workers/jobs/#' -q 1"
          />
        }
      />
      {open !== undefined && (
        <GroupPanel key={openKey} {...open} onClose={() => setParams({ group: undefined })} />
      )}
    </Page>
  )
}

function readKey(
  key: string | undefined,
): { readonly vhost: string; readonly name: string } | undefined {
  try {
    const [vhost, name] = JSON.parse(key ?? '') as [string, string]
    return { vhost, name }
  } catch {
    return undefined
  }
}

function GroupPanel({
  vhost,
  name,
  onClose,
}: {
  readonly vhost: string
  readonly name: string
  readonly onClose: () => void
}): JSX.Element {
  const path = apiPath`/v1/mqtt/shared-groups/${vhost}/${name}`
  const { data, problem } = useLive<SharedGroupShownJson>(path)
  const isGone = problem?.status === 404
  return (
    <Panel
      title={<Name value={name} isCopied />}
      label={`Shared subscription ${plainName(name)}`}
      onClose={onClose}
    >
      {isGone && (
        <Empty
          title="No such group"
          text="Its last member has left, and took what was left along."
        />
      )}
      {problem !== undefined && !isGone && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={6} />}
      {data !== undefined && !isGone && (
        <>
          <Facts facts={factsOf(data)} />
          <Section title="Members">
            <Table
              label="Members"
              columns={memberColumns(vhost)}
              rows={rowsOf(data.member_list)}
              keyOf={({ client_id: id }) => id}
              empty={<p class="soft">You may see none of them.</p>}
            />
          </Section>
        </>
      )}
      <AsCommand curl={curlOf('GET', path)} />
    </Panel>
  )
}

function factsOf({
  vhost,
  name,
  topic_filter: filter,
  backlog,
  unacked,
}: SharedGroupShownJson): Fact[] {
  return [
    {
      name: 'topic filter',
      value: <Name value={filter} to={urlOf('/mqtt', { tab: 'test', filter })} />,
    },
    { name: 'queue', value: <Name value={name} to={streamUrl({ vhost, name })} /> },
    {
      name: 'messages',
      value: (
        <>
          <Num value={backlog} /> wait, <Num value={unacked} /> unanswered
        </>
      ),
    },
  ]
}

type Member = SharedGroupShownJson['member_list'][number]

function memberColumns(vhost: string): readonly Column<Member>[] {
  return [
    {
      key: 'client',
      label: 'Client id',
      cell: ({ client_id: id, connected }) => (
        <span class="mqtt-state">
          <Name value={id} to={urlOf('/mqtt', { session: keyOf({ vhost, client_id: id }) })} />
          {!connected && <Badge>away</Badge>}
        </span>
      ),
    },
    {
      key: 'qos',
      label: 'QoS',
      align: 'end',
      width: '52px',
      cell: ({ qos }) => <Num value={qos} />,
    },
    {
      key: 'queued',
      label: 'Its own',
      hint: 'Messages in its own queue, which no other member gets',
      align: 'end',
      width: '80px',
      cell: ({ queued }) => <Num value={queued} />,
    },
  ]
}
