// The list of messages: a line each, with what one needs to know which is which.
import type { ComponentChildren, JSX } from 'preact'
import { clockTime, moment } from '../../lib/format.ts'
import { timeZone } from '../../lib/preferences.ts'
import type { Rows } from '../../lib/rows.ts'
import { type Column, Table } from '../../parts/table.tsx'
import { At, Bytes, Name } from '../../parts/values.tsx'
import { StateBadge } from './message-view.tsx'
import { firstLineOf, keyOf, type Message, placeOf } from './message.ts'

export interface MessageTableProps {
  readonly rows: Rows<Message>
  readonly isTopic: boolean
  /** A message stands open beside it: there is less room. */
  readonly isNarrow: boolean
  readonly openPlace: string | undefined
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (chosen: ReadonlySet<string>) => void
  readonly onOpen: (message: Message) => void
  readonly empty: ComponentChildren
}

export function MessageTable(props: MessageTableProps): JSX.Element {
  const { rows, isTopic, isNarrow, openPlace, chosen, onChoose, onOpen, empty } = props
  return (
    <Table
      label="Messages"
      columns={columnsFor(isTopic, isNarrow)}
      rows={rows}
      keyOf={placeOf}
      openKey={openPlace}
      onOpen={onOpen}
      chosen={chosen}
      onChoose={onChoose}
      empty={empty}
      isFull
    />
  )
}

const place: Column<Message> = {
  key: 'place',
  label: 'Offset',
  hint: 'Where it is in its log; before the dot its partition or priority',
  align: 'end',
  width: '72px',
  cell: (message) => <span class="mono">{placeOf(message)}</span>,
}
const time: Column<Message> = {
  key: 'time',
  label: 'Came',
  hint: 'When it came in; of a record of Kafka what its producer says',
  align: 'end',
  width: '150px',
  priority: 2,
  cell: (message) => <At value={message.time} />,
}
/** Where there is less room; the day is told on hover. */
const clock: Column<Message> = {
  ...time,
  width: '76px',
  cell: ({ time: at }) => (
    <time class="number" title={moment(at, timeZone.value)}>
      {clockTime(at, timeZone.value)}
    </time>
  ),
}
const key: Column<Message> = {
  key: 'key',
  label: 'Key',
  hint: 'The key as Kafka sees it: the header x-key, else the routing key',
  width: '116px',
  priority: 2,
  cell: (message) => {
    const name = keyOf(message)
    return name === undefined ? <span class="soft">–</span> : <Name value={name} />
  },
}
const state: Column<Message> = {
  key: 'state',
  label: 'State',
  width: '84px',
  cell: (message) => <StateBadge state={message.state} />,
}
const size: Column<Message> = {
  key: 'size',
  label: 'Size',
  hint: 'Of the payload',
  align: 'end',
  width: '80px',
  priority: 3,
  cell: (message) => <Bytes value={message.payload_bytes} />,
}
const payload: Column<Message> = {
  key: 'payload',
  label: 'Payload',
  cell: (message) => <PayloadLine message={message} />,
}

function columnsFor(isTopic: boolean, isNarrow: boolean): readonly Column<Message>[] {
  const outside = isNarrow ? [place, clock, key] : [place, time, key]
  return [...outside, ...(isTopic ? [] : [state]), ...(isNarrow ? [] : [size]), payload]
}

function PayloadLine({ message }: { readonly message: Message }): JSX.Element {
  if (message.payload_bytes === 0) return <span class="soft">empty</span>
  if (message.payload === undefined) return <span class="soft">not shown</span>
  return <span class="mono message-line">{firstLineOf(message)}</span>
}
