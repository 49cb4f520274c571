// Who reads a stream: consumers by AMQP and HTTP, and groups of Kafka clients.
import type { JSX } from 'preact'
import type { StreamConsumersJson } from '../../../src/admin/v1/stream-consumer-operations.ts'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { now, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { useParam } from '../../lib/router.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { StreamFrame, useStream } from '../../parts/stream-tabs.tsx'
import { commandOn } from '../streams/command-on.ts'
import { ConsumerTable } from './consumer-table.tsx'
import { readersSentence } from './consumer-words.ts'
import { GroupPanel } from './group-panel.tsx'
import { GroupTable } from './group-table.tsx'
import { Replay } from './replay.tsx'
import '../streams/streams.css'
import './stream.css'

export function ConsumersPage(): JSX.Element {
  const { vhost, name, live } = useStream()
  const path = apiPath`/v1/streams/${vhost}/${name}/consumers`
  const { data: found, problem } = useLive<StreamConsumersJson>(name === '' ? undefined : path)
  const [group, openGroup] = useParam('group')
  const stream = live.data
  return (
    <StreamFrame
      current="consumers"
      says={stream && found && readersSentence(stream, found, now.value)}
      command={<AsCommand cli="pabal consumer list" curl={curlOf('GET', path)} />}
    >
      {problem !== undefined && found === undefined && <ProblemNote problem={problem} />}
      {stream === undefined || found === undefined ? (
        problem === undefined && <Skeleton lines={6} />
      ) : (
        <Readers stream={stream} found={found} />
      )}
      {group !== undefined && (
        <GroupPanel
          key={group}
          group={group}
          place={{ vhost, name }}
          onClose={() => openGroup(undefined)}
        />
      )}
    </StreamFrame>
  )
}

interface ReadersProps {
  readonly stream: StreamShownJson
  readonly found: StreamConsumersJson
}

function Readers({ stream, found }: ReadersProps): JSX.Element {
  const { consumer_count: consumers, single_active: isSingle } = found
  const { groups } = stream
  return (
    <>
      {consumers + groups.length === 0 && <Nobody stream={stream} />}
      {consumers > 0 && (
        <Section
          title="Consumers"
          actions={isSingle && <span class="soft">One at a time gets messages</span>}
        >
          <ConsumerTable stream={stream} found={found} />
        </Section>
      )}
      {groups.length > 0 && (
        <Section title="Groups">
          <GroupTable stream={stream} />
        </Section>
      )}
      <Replay stream={stream} />
    </>
  )
}

function Nobody({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const isTopic = stream.kind === 'topic'
  const command = commandOn(isTopic ? 'tail' : 'consume', stream)
  return (
    <Empty
      title="Nobody reads it"
      text={
        isTopic
          ? 'Groups of Kafka clients stand here with their lag, and AMQP consumers of the stream.'
          : 'Consumers stand here as soon as a client has some; so do groups of Kafka clients.'
      }
      {...(command !== undefined && { command })}
    />
  )
}
