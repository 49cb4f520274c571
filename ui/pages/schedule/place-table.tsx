// Exchanges and queues in which messages wait for a time.
import type { JSX } from 'preact'
import type { ScheduledJson } from '../../../src/admin/v1/schedule-operations.ts'
import type { Problem } from '../../lib/api.ts'
import { duration } from '../../lib/format.ts'
import { encodeName } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Badge } from '../../parts/badge.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { Due } from './due.tsx'

export function keyOfPlace({ vhost, kind, name }: ScheduledJson): string {
  return `${kind === 'delayed' ? 'exchange' : 'queue'} ${encodeName(vhost)} ${encodeName(name)}`
}

export interface PlaceTableProps {
  readonly places: readonly ScheduledJson[] | undefined
  readonly problem: Problem | undefined
  readonly isStale: boolean
  readonly openKey: string | undefined
  readonly onOpen: (place: ScheduledJson) => void
}

export function PlaceTable(props: PlaceTableProps): JSX.Element {
  const { places, problem, isStale, openKey, onOpen } = props
  return (
    <Table<ScheduledJson>
      label="Exchanges and queues in which messages wait"
      columns={columns}
      rows={{ ...rowsOf(places, problem), isStale }}
      keyOf={keyOfPlace}
      openKey={openKey}
      onOpen={onOpen}
      empty={null}
    />
  )
}

const kindWords: Readonly<Record<ScheduledJson['kind'], string>> = {
  delayed: 'delayed',
  expiring: 'expires',
  retried: 'tried again',
}

export function KindBadge({ kind }: Pick<ScheduledJson, 'kind'>): JSX.Element {
  return <Badge>{kindWords[kind]}</Badge>
}

const columns: readonly Column<ScheduledJson>[] = [
  {
    key: 'name',
    label: 'Exchange or queue',
    cell: ({ vhost, name }) => (
      <span class="schedule-place">
        <Name value={name} />
        {vhost !== '/' && <span class="soft">in {vhost}</span>}
      </span>
    ),
  },
  { key: 'kind', label: 'Why', width: '112px', cell: ({ kind }) => <KindBadge kind={kind} /> },
  {
    key: 'messages',
    label: 'Messages',
    align: 'end',
    width: '96px',
    cell: ({ messages }) => <Num value={messages} />,
  },
  {
    key: 'next',
    label: 'Next due',
    align: 'end',
    width: '136px',
    priority: 2,
    cell: ({ next, next_is_exact: isExact }) => <Due at={next} isExact={isExact} />,
  },
  {
    key: 'after',
    label: 'After',
    align: 'end',
    width: '104px',
    priority: 3,
    hint: 'How long a message may be in the queue; messages may have a shorter time of their own',
    cell: ({ after_ms: ms }) =>
      ms === null ? <span class="soft">–</span> : <span class="number">{duration(ms)}</span>,
  },
  {
    key: 'to',
    label: 'Then',
    width: '26%',
    priority: 3,
    cell: (place) => <Then place={place} />,
  },
]

/** Where messages go when their time has come. */
export function Then({ place }: { readonly place: ScheduledJson }): JSX.Element {
  const { kind, to_exchange: exchange, to_routing_key: key } = place
  if (kind === 'delayed') return <span class="soft">to what is bound by then</span>
  if (exchange === null) return <span class="soft">dropped</span>
  return (
    <span class="schedule-place">
      <span class="soft">to</span>
      {exchange !== '' && <Name value={exchange} />}
      {exchange === '' && key === null && <span class="soft">the default exchange</span>}
      {key !== null && <Name value={key} />}
    </span>
  )
}
