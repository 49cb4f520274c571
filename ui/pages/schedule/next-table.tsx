// The delayed messages that are due next; some can be chosen, to go on now or to be dropped.
import type { JSX } from 'preact'
import type { Problem } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { rowsOf } from '../../lib/rows.ts'
import { Button } from '../../parts/button.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { At, Bytes, Name } from '../../parts/values.tsx'
import { Due } from './due.tsx'
import { keyOf, lineOf, type NextMessage } from './next-message.ts'

export interface NextTableProps {
  readonly messages: readonly NextMessage[] | undefined
  readonly problem: Problem | undefined
  readonly isStale: boolean
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (chosen: ReadonlySet<string>) => void
  readonly openKey: string | undefined
  readonly onOpen: (message: NextMessage) => void
  readonly onAsk: (verb: 'fire' | 'cancel') => void
}

export function NextTable(props: NextTableProps): JSX.Element {
  const { messages, problem, isStale, chosen, onChoose, openKey, onOpen, onAsk } = props
  const number = counted(chosen.size, 'message')
  return (
    <>
      <div class="schedule-chosen" role="region" aria-label="Chosen messages">
        {chosen.size === 0 ? (
          <span class="soft">Choose messages to fire or cancel them.</span>
        ) : (
          <>
            <Button kind="primary" onClick={() => onAsk('fire')}>
              Fire {number} now …
            </Button>
            <Button kind="danger" onClick={() => onAsk('cancel')}>
              Cancel {number} …
            </Button>
            <Button kind="quiet" onClick={() => onChoose(new Set())}>
              Choose none
            </Button>
          </>
        )}
      </div>
      <Table<NextMessage>
        label="Delayed messages, the next one first"
        columns={columns}
        rows={{ ...rowsOf(messages, problem), isStale }}
        keyOf={keyOf}
        openKey={openKey}
        onOpen={onOpen}
        chosen={chosen}
        onChoose={onChoose}
        empty={null}
      />
    </>
  )
}

const columns: readonly Column<NextMessage>[] = [
  {
    key: 'due',
    label: 'Due',
    align: 'end',
    width: '88px',
    cell: ({ due }) => <Due at={due} />,
  },
  {
    key: 'at',
    label: 'At',
    align: 'end',
    width: '152px',
    priority: 2,
    cell: ({ due }) => <At value={due} />,
  },
  {
    key: 'exchange',
    label: 'Exchange',
    width: '18%',
    cell: ({ at_exchange: exchange }) => <Name value={exchange} />,
  },
  {
    key: 'routing_key',
    label: 'Routing key',
    width: '18%',
    priority: 2,
    cell: ({ routing_key: key }) =>
      key === '' ? <span class="soft">–</span> : <Name value={key} />,
  },
  {
    key: 'payload',
    label: 'Payload',
    cell: (message) => <span class="mono">{lineOf(message)}</span>,
  },
  {
    key: 'bytes',
    label: 'Size',
    align: 'end',
    width: '88px',
    priority: 3,
    cell: ({ payload_bytes: size }) => <Bytes value={size} />,
  },
]
