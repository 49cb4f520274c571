// Consumers of a stream by AMQP and HTTP: what each holds and how fast it works, and the end of one.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type {
  StreamConsumerJson,
  StreamConsumersJson,
} from '../../../src/admin/v1/stream-consumer-operations.ts'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { now, refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { toast } from '../../parts/toast.tsx'
import { Ago, Duration, Name, Num, Rate } from '../../parts/values.tsx'
import { consumerState, holdMs, slowestOf } from './consumer-words.ts'

export interface ConsumerTableProps {
  readonly stream: StreamShownJson
  readonly found: StreamConsumersJson
}

export function ConsumerTable({ stream, found }: ConsumerTableProps): JSX.Element {
  const [ended, setEnded] = useState<StreamConsumerJson>()
  const { consumers, consumer_count: total } = found
  const slowest = slowestOf(consumers)
  const left = total - consumers.length
  return (
    <>
      <Table
        label="Consumers"
        columns={columnsOf(slowest, setEnded)}
        rows={rowsOf(consumers)}
        keyOf={({ connection, channel, tag }) => `${connection} ${channel} ${tag}`}
        empty={null}
      />
      {left > 0 && <p class="soft">and {counted(left, 'queue or consumer', 'more')}</p>}
      {ended !== undefined && (
        <EndConsumer stream={stream} consumer={ended} onClose={() => setEnded(undefined)} />
      )}
    </>
  )
}

/** Those that are the same for all. */
const plainColumns: readonly Column<StreamConsumerJson>[] = [
  {
    key: 'client',
    label: 'Connection',
    priority: 2,
    cell: ({ connection, connection_name: given, client, user, channel }) => (
      <span title={`${client ?? 'a client'} as ${user}, ${connection}, channel ${channel}`}>
        <Name value={given ?? connection} to="/connections" />
      </span>
    ),
  },
  { key: 'state', label: 'State', width: '84px', cell: stateOf },
  {
    key: 'prefetch',
    label: 'Prefetch',
    hint: 'How many messages it may hold unacked',
    align: 'end',
    width: '84px',
    priority: 2,
    cell: ({ prefetch, ack_required: acks }) =>
      !acks ? (
        <Badge title="Its messages are gone when they are sent">no ack</Badge>
      ) : prefetch === 0 ? (
        <span title="Any number: one slow consumer may hold all of the queue">no limit</span>
      ) : (
        <Num value={prefetch} />
      ),
  },
  {
    key: 'unacked',
    label: 'Unacked',
    align: 'end',
    width: '84px',
    cell: ({ unacked }) => <Num value={unacked} />,
  },
  {
    key: 'rate',
    label: 'Settled',
    hint: 'Acked, rejected or given back a second',
    align: 'end',
    width: '84px',
    cell: ({ settle_rate: settles, settled }) => (
      <Rate value={settles} hint={`${settled ?? 0} since it came`} />
    ),
  },
  {
    key: 'hold',
    label: 'Holds one for',
    hint: 'How long a message stays with it, from what it holds and how fast it settles',
    align: 'end',
    width: '104px',
    priority: 3,
    cell: (consumer) => <Duration value={holdMs(consumer)} />,
  },
  {
    key: 'idle',
    label: 'Idle since',
    hint: 'Since when it has got and settled nothing',
    align: 'end',
    width: '96px',
    priority: 3,
    cell: ({ idle_since: idle }) => <Ago value={idle} />,
  },
]

function columnsOf(
  slowest: StreamConsumerJson | undefined,
  onEnd: (consumer: StreamConsumerJson) => void,
): readonly Column<StreamConsumerJson>[] {
  return [
    {
      key: 'tag',
      label: 'Consumer',
      cell: (consumer) => (
        <span class="stream-name">
          <Name value={consumer.tag} />
          {consumer === slowest && <Badge tone="look">slowest</Badge>}
          {consumer.exclusive && <Badge>exclusive</Badge>}
        </span>
      ),
    },
    ...plainColumns,
    {
      key: 'end',
      label: '',
      align: 'end',
      width: '72px',
      priority: 2,
      cell: (consumer) => (
        <Button kind="quiet" label={`End ${consumer.tag}`} onClick={() => onEnd(consumer)}>
          End …
        </Button>
      ),
    },
  ]
}

function stateOf(consumer: StreamConsumerJson): JSX.Element {
  const { text, tone, hint } = consumerState(consumer, now.value)
  return (
    <Badge tone={tone} title={hint}>
      {text}
    </Badge>
  )
}

/** Ends it as kindly as its client understands: a cancel, or else its connection. */
function EndConsumer({
  stream,
  consumer,
  onClose,
}: {
  readonly stream: StreamShownJson
  readonly consumer: StreamConsumerJson
  readonly onClose: () => void
}): JSX.Element {
  const { tag, connection, channel, can_cancel: isKind, unacked } = consumer
  const held = counted(unacked ?? 0, 'message')
  const path = isKind
    ? apiPath`/v1/streams/${stream.vhost}/${stream.name}/consumers/cancel`
    : apiPath`/connections/${connection}`
  const body = isKind ? { connection, channel, tag } : undefined
  const method = isKind ? 'POST' : 'DELETE'
  const run = async (): Promise<void> => {
    await ask(method, path, body)
    refresh()
    toast(isKind ? `Ended ${tag}` : `Closed ${connection}`)
  }
  return (
    <Confirm
      title={isKind ? 'End the consumer' : 'Close its connection'}
      effect={
        isKind
          ? `It gets no more messages, and its client is told (basic.cancel). The ${held} that it holds stay with it and can still be acked. Its client may consume again at once.`
          : `Its client does not understand when one consumer ends, so its whole connection is closed, with all its channels and consumers. The ${held} that it holds are ready again. Its client may connect again at once.`
      }
      verb={isKind ? 'End the consumer' : 'Close the connection'}
      cli={isKind ? undefined : `pabal conn close '${connection}'`}
      curl={curlOf(method, path, body)}
      run={run}
      onClose={onClose}
    />
  )
}
