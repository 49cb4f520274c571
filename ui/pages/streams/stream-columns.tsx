// Columns of the list of streams. Which of them stand is a parameter of the URL.
import type { ComponentChildren } from 'preact'
import type { StreamRowJson } from '../../../src/admin/v1/stream-list-operation.ts'
import { count, duration, moment, rate } from '../../lib/format.ts'
import { now } from '../../lib/live.ts'
import { timeZone } from '../../lib/preferences.ts'
import { Spark } from '../../parts/spark.tsx'
import { streamUrl, StreamBadges } from '../../parts/stream-tabs.tsx'
import type { Column } from '../../parts/table.tsx'
import { Ago, Name, Num, Rate } from '../../parts/values.tsx'

type StreamColumn = Column<StreamRowJson>

const since = 'since the broker started'

const all: readonly StreamColumn[] = [
  {
    key: 'name',
    label: 'Name',
    sort: 'name',
    cell: (stream) => (
      <span class="stream-name">
        <Name value={stream.name} to={streamUrl(stream)} />
        <StreamBadges stream={stream} />
      </span>
    ),
  },
  {
    key: 'vhost',
    label: 'Virtual host',
    width: '96px',
    priority: 3,
    sort: 'vhost',
    cell: ({ vhost }) => <Name value={vhost} />,
  },
  {
    key: 'type',
    label: 'Type',
    width: '72px',
    priority: 3,
    sort: 'type',
    cell: ({ kind, type }) => <span class="soft">{kind === 'topic' ? 'topic' : type}</span>,
  },
  {
    key: 'messages',
    label: 'Messages',
    hint: 'Ready and unacked; of a topic all that it keeps',
    align: 'end',
    width: '104px',
    sort: 'messages',
    cell: depthOf,
  },
  {
    key: 'spark',
    label: '10 min',
    hint: 'The last ten minutes, as far as somebody looked: messages of a queue, publishes of a topic',
    width: '96px',
    priority: 3,
    cell: (stream) => <Spark {...sparkOf(stream)} />,
  },
  {
    key: 'growth',
    label: 'Growth',
    hint: 'By how many messages a second a queue becomes longer',
    align: 'end',
    width: '88px',
    priority: 3,
    sort: 'growth',
    cell: ({ growth }) => <Rate value={growth} />,
  },
  {
    key: 'in',
    label: 'In',
    hint: 'Published a second',
    align: 'end',
    width: '76px',
    priority: 2,
    sort: 'rates.in',
    cell: ({ rates, published }) => rateOf(rates.in, published),
  },
  {
    key: 'out',
    label: 'Out',
    hint: 'Delivered or fetched a second',
    align: 'end',
    width: '76px',
    priority: 2,
    sort: 'rates.out',
    cell: ({ rates, delivered }) => rateOf(rates.out, delivered),
  },
  {
    key: 'ack',
    label: 'Acked',
    hint: 'Acked a second',
    align: 'end',
    width: '80px',
    priority: 3,
    sort: 'rates.ack',
    cell: ({ rates, acked }) => rateOf(rates.ack, acked),
  },
  {
    key: 'unacked',
    label: 'Unacked',
    hint: 'Delivered and not yet acked',
    align: 'end',
    width: '76px',
    priority: 3,
    sort: 'unacked',
    cell: ({ kind, unacked }) => quiet(kind === 'topic' ? undefined : unacked),
  },
  {
    key: 'consumers',
    label: 'Readers',
    hint: 'Consumers by AMQP and HTTP, and consumer groups of Kafka',
    align: 'end',
    width: '72px',
    priority: 3,
    sort: 'consumers',
    cell: readersOf,
  },
  {
    key: 'lag',
    label: 'Lag',
    hint: 'Messages that the slowest group has not read',
    align: 'end',
    width: '76px',
    priority: 3,
    sort: 'lag',
    cell: ({ lag }) => quiet(lag),
  },
  {
    key: 'oldest',
    label: 'Oldest',
    hint: 'How long its first message has been there',
    align: 'end',
    width: '72px',
    priority: 2,
    cell: ageOf,
  },
  {
    key: 'idle',
    label: 'Idle since',
    hint: 'Since when nothing has happened to it, while somebody looked',
    align: 'end',
    width: '96px',
    priority: 3,
    sort: 'idle_since',
    cell: ({ idle_since: idle }) => <Ago value={idle} />,
  },
]

const usual = [
  'name',
  'type',
  'messages',
  'spark',
  'in',
  'out',
  'unacked',
  'consumers',
  'lag',
  'oldest',
]

/** Where there is less room, the name needs it more. */
const onlyWide = ['type', 'unacked'] as const

/** `chosen` as the URL has it: keys with commas between them. */
export function chosenColumns(
  chosen: string | undefined,
  room: { readonly hasSeveralVHosts: boolean; readonly isWide: boolean },
): readonly StreamColumn[] {
  const keys = new Set(chosen === undefined ? usual : ['name', ...chosen.split(',')])
  if (chosen === undefined && room.hasSeveralVHosts) keys.add('vhost')
  if (chosen === undefined && !room.isWide) for (const key of onlyWide) keys.delete(key)
  return all.filter(({ key }) => keys.has(key))
}

/** All that there are, for the menu that chooses. */
export const columnChoices: readonly { readonly key: string; readonly label: string }[] =
  all.filter(({ key }) => key !== 'name')

/** Zero steps back, so that one sees what is not. */
function quiet(value: number | null | undefined, hint?: string): ComponentChildren {
  const number = <Num value={value} hint={hint} />
  return value === 0 ? <span class="soft">{number}</span> : number
}

function rateOf(value: number, total: number): ComponentChildren {
  const hint = `${count(total)} ${since}`
  return value === 0 ? quiet(0, hint) : <Rate value={value} hint={hint} />
}

function depthOf({ messages, growth, growing }: StreamRowJson): ComponentChildren {
  if (!growing) return quiet(messages)
  return (
    <span class="number stream-grows" title={`grows by ${rate(growth ?? 0)}`}>
      <span aria-hidden="true">↑ </span>
      {count(messages)}
      <span class="unseen"> and growing</span>
    </span>
  )
}

function sparkOf(stream: StreamRowJson): Parameters<typeof Spark>[0] {
  const { kind, spark, growing, messages } = stream
  if (kind === 'topic') return { values: spark?.in, label: `${rate(stream.rates.in)} come in` }
  return {
    values: spark?.messages,
    label: `${count(messages)} messages`,
    tone: growing ? 'look' : 'plain',
  }
}

function readersOf({ consumers, group_count: groups }: StreamRowJson): ComponentChildren {
  const words = `${count(consumers)} consumers, ${count(groups)} groups`
  return quiet(consumers + groups, words)
}

function ageOf({ oldest, messages }: StreamRowJson): ComponentChildren {
  if (oldest === null || messages === 0) return <Num value={undefined} />
  const age = now.value - oldest
  const [largest = ''] = age < 1000 ? ['< 1 s'] : (/^[\d.]+ \w+/.exec(duration(age)) ?? [])
  return (
    <span class="number" title={moment(oldest, timeZone.value)}>
      {largest.replace(/\.\d/, '')}
    </span>
  )
}
