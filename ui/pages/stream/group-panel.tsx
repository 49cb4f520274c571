// One consumer group: how far it is behind, who reads which partition, and where it goes on.
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type {
  GroupMemberJson,
  GroupPlaceJson,
  GroupShownJson,
} from '../../../src/admin/v1/group-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { refresh, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { plainName, typedName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Chart } from '../../parts/chart.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import type { StreamPlace } from '../../parts/stream-tabs.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Ago, Duration, Name, Num } from '../../parts/values.tsx'
import { ResetForm } from './reset-form.tsx'
import { SetAsideSection } from './set-aside.tsx'
import { withGaps } from './with-gaps.ts'

export interface GroupPanelProps {
  readonly group: string
  readonly place: StreamPlace
  readonly onClose: () => void
}

export function GroupPanel({ group, place, onClose }: GroupPanelProps): JSX.Element {
  const [isDeleting, setDeleting] = useState(false)
  const path = apiPath`/v1/groups/${group}`
  const { data, problem } = useLive<GroupShownJson>(path)
  return (
    <Panel
      title={<Name value={group} isCopied />}
      label={`Group ${plainName(group)}`}
      isWide
      onClose={onClose}
      actions={
        data?.may.delete === true && (
          <>
            <Button kind="danger" isDisabled={data.members > 0} onClick={() => setDeleting(true)}>
              Delete the group …
            </Button>
            {data.members > 0 && <span class="soft">It has members: stop its clients first.</span>}
          </>
        )
      }
    >
      {data === undefined && problem !== undefined && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={6} />}
      {data !== undefined && <Shown group={data} topic={place.name} />}
      <AsCommand cli={`pabal group describe ${shellQuoted(group)}`} curl={curlOf('GET', path)} />
      {isDeleting && data !== undefined && (
        <DeleteGroup
          group={data}
          onClose={(isGone) => {
            setDeleting(false)
            if (isGone) onClose()
          }}
        />
      )}
    </Panel>
  )
}

function Shown({
  group,
  topic,
}: {
  readonly group: GroupShownJson
  readonly topic: string
}): JSX.Element {
  const places = group.offsets.filter((place) => place.topic === topic)
  const lag = places.reduce((sum, place) => sum + place.lag, 0)
  const longest = Math.max(0, ...places.map(({ lag_ms: ms }) => ms ?? 0))
  const others = group.topics - (places.length > 0 ? 1 : 0)
  const history = withGaps(group.lag_history, { lag: null })
  return (
    <>
      <Facts
        facts={[
          { name: 'Behind', value: `${counted(lag, 'message')} of this stream` },
          {
            name: 'Waits for',
            value: lag === 0 ? 'nothing' : <Duration value={longest} />,
            hint: 'How long the next message that it will read has been there',
          },
          { name: 'Members', value: `${count(group.members)}, ${group.state.toLowerCase()}` },
          { name: 'Protocol', value: protocolWords(group), hint: 'How members share partitions' },
          ...(others > 0 ? [{ name: 'It also reads', value: counted(others, 'other topic') }] : []),
        ]}
      />
      {history.length > 1 && (
        <Chart
          label="Messages that the group has not read"
          times={history.map(({ time }) => time)}
          series={[{ label: 'lag', values: history.map(({ lag: behind }) => behind), hue: 1 }]}
          format={count}
          height={120}
        />
      )}
      <Section title="Partitions">
        <Table
          label="Places of the group"
          columns={placeColumns(group.member_list)}
          rows={rowsOf(places)}
          keyOf={({ partition }) => `${partition}`}
          empty={<p class="soft">It has no place in this stream.</p>}
        />
      </Section>
      <Members members={group.member_list} topic={topic} />
      <SetAsideSection group={group} topic={topic} />
      <ResetForm group={group} topic={topic} />
    </>
  )
}

function protocolWords({ type, protocol, generation, ...group }: GroupShownJson): string {
  if (type !== 'consumer') return protocol === '' ? type : `${type}, ${protocol}`
  const isLate = group.assignment_epoch !== generation
  const assigned = isLate ? `, assigned for ${group.assignment_epoch ?? 0}` : ''
  return `${type}, ${protocol}, epoch ${generation}${assigned}`
}

function placeColumns(members: readonly GroupMemberJson[]): readonly Column<GroupPlaceJson>[] {
  const readerOf = ({ topic, partition }: GroupPlaceJson): GroupMemberJson | undefined =>
    members.find(({ partitions }) =>
      partitions?.some((each) => each.topic === topic && each.partition === partition),
    )
  return [
    { key: 'partition', label: 'Partition', width: '80px', cell: ({ partition }) => partition },
    {
      key: 'reader',
      label: 'Read by',
      priority: 2,
      cell: (place) => {
        const reader = readerOf(place)
        return reader === undefined ? (
          <span class="soft">nobody</span>
        ) : (
          <Name value={reader.client_id} />
        )
      },
    },
    {
      key: 'offset',
      label: 'Next',
      hint: 'The offset that it reads next',
      align: 'end',
      cell: ({ offset }) => <Num value={offset} />,
    },
    { key: 'end', label: 'End', align: 'end', priority: 2, cell: ({ end }) => <Num value={end} /> },
    { key: 'lag', label: 'Lag', align: 'end', cell: ({ lag }) => <Num value={lag} /> },
    {
      key: 'time',
      label: 'Waits',
      hint: 'How long the next message has been there',
      align: 'end',
      priority: 2,
      cell: ({ lag_ms: ms }) => <Duration value={ms === 0 ? undefined : ms} />,
    },
    {
      key: 'committed',
      label: 'Committed',
      align: 'end',
      priority: 3,
      cell: ({ committed }) => <Ago value={committed} />,
    },
  ]
}

function Members({
  members,
  topic,
}: {
  readonly members: readonly GroupMemberJson[]
  readonly topic: string
}): JSX.Element | null {
  if (members.length === 0) return null
  return (
    <Section title="Members">
      <ul class="stream-settings consumers-members">
        {members.map((member) => (
          <li key={member.id} title={member.id}>
            <Name value={member.instance_id ?? member.client_id} />
            <span class="soft">{member.host.replace(/^\//, '')}</span>
            <span class="soft">{memberWords(member, topic)}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function memberWords({ partitions, target, epoch }: GroupMemberJson, topic: string): string {
  if (partitions === null) return 'reads what only its client knows'
  const read = partitionWords(partitions.filter((each) => each.topic === topic))
  if (target === null) return read
  const wanted = partitionWords(target.filter((each) => each.topic === topic))
  return wanted === read ? `${read}, epoch ${epoch}` : `${read}, to be ${wanted}, epoch ${epoch}`
}

function partitionWords(partitions: readonly { readonly partition: number }[]): string {
  const numbers = partitions.map(({ partition }) => partition).toSorted((a, b) => a - b)
  if (numbers.length === 0) return 'no partition'
  const shown = numbers.slice(0, 20).join(', ')
  const more = numbers.length > 20 ? ` and ${count(numbers.length - 20)} more` : ''
  return `${numbers.length === 1 ? 'partition' : 'partitions'} ${shown}${more}`
}

function DeleteGroup({
  group,
  onClose,
}: {
  readonly group: GroupShownJson
  readonly onClose: (isGone: boolean) => void
}): JSX.Element {
  const path = apiPath`/v1/groups/${group.name}`
  const isGone = useRef(false)
  const run = async (): Promise<void> => {
    await ask('DELETE', path)
    isGone.current = true
    refresh()
    toast(`Deleted the group ${plainName(group.name)}`)
  }
  return (
    <Confirm
      title={`Delete ${plainName(group.name)}`}
      effect={`Forgets its ${counted(group.offsets.length, 'place')} in ${counted(group.topics, 'topic')}. No message is touched. Clients that come again under its name begin as their settings say.`}
      typed={typedName(group.name, 'this group')}
      verb="Delete the group"
      cli={`pabal group delete ${shellQuoted(group.name)}`}
      curl={curlOf('DELETE', path)}
      run={run}
      onClose={() => onClose(isGone.current)}
    />
  )
}
