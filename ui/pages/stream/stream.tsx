// One stream: what matters about it in a sentence, its numbers, how it was, its settings, and what ends it.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type {
  StreamHistoryJson,
  StreamShownJson,
} from '../../../src/admin/v1/stream-show-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { now, useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { go } from '../../lib/router.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Stat, Stats } from '../../parts/facts.tsx'
import { Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { StreamFrame, streamUrl, useStream } from '../../parts/stream-tabs.tsx'
import { Ago, Bytes, Num, Rate } from '../../parts/values.tsx'
import { ChosenConfirm } from '../streams/chosen-bar.tsx'
import { commandOn } from '../streams/command-on.ts'
import { KeyLookup } from './key-lookup.tsx'
import { SettingsTable } from './settings-table.tsx'
import { StreamCharts } from './stream-charts.tsx'
import { Partitions, Ways } from './stream-parts.tsx'
import { sentenceOf } from './stream-sentence.ts'
import '../streams/streams.css'
import './stream.css'

export function StreamPage(): JSX.Element {
  const { vhost, name, live } = useStream()
  const hasRates = useHasRates(vhost, name)
  const stream = live.data
  return (
    <StreamFrame
      current="overview"
      says={stream && sentenceOf(stream, now.value, hasRates)}
      actions={stream?.kind === 'queue' && <PauseButton stream={stream} />}
      command={
        <AsCommand
          cli={commandOn('show', { vhost, name })}
          curl={curlOf('GET', apiPath`/v1/streams/${vhost}/${name}`)}
        />
      }
    >
      {stream === undefined ? (
        <Skeleton lines={8} />
      ) : (
        <Overview stream={stream} hasRates={hasRates} />
      )}
    </StreamFrame>
  )
}

/** Rates are made while somebody looks, and old ones say nothing. */
const rateAgeMsMax = 20_000

function useHasRates(vhost: string, name: string): boolean {
  const path = name === '' ? undefined : apiPath`/v1/streams/${vhost}/${name}/history`
  const last = useLive<StreamHistoryJson>(path).data?.samples.at(-1)
  return last !== undefined && now.value - last.time < rateAgeMsMax
}

interface OverviewProps {
  readonly stream: StreamShownJson
  /** Whether its rates are known yet. */
  readonly hasRates: boolean
}

/** Pauses the queue, or lets it go on. */
function PauseButton({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [verb, setVerb] = useState<'pause' | 'resume'>()
  const isPaused = stream.paused_since !== null
  return (
    <>
      <Button
        kind={isPaused ? 'primary' : 'plain'}
        isDisabled={!stream.may.configure || stream.exclusive}
        onClick={() => setVerb(isPaused ? 'resume' : 'pause')}
      >
        {isPaused ? 'Resume …' : 'Pause …'}
      </Button>
      {verb !== undefined && (
        <ChosenConfirm
          verb={verb}
          streams={[{ vhost: stream.vhost, name: stream.name }]}
          onClose={() => setVerb(undefined)}
          onDone={() => setVerb(undefined)}
        />
      )}
    </>
  )
}

function Overview({ stream, hasRates }: OverviewProps): JSX.Element {
  return (
    <>
      <Numbers stream={stream} hasRates={hasRates} />
      <div class="stream-columns">
        <div class="stream-column">
          <StreamCharts stream={stream} />
          {(stream.kind === 'topic' || stream.offsets.length > 1) && <Partitions stream={stream} />}
          <Ways stream={stream} />
        </div>
        <div class="stream-column">
          <SettingsTable stream={stream} />
          {stream.kind === 'topic' && <KeyLookup stream={stream} />}
          <Danger stream={stream} />
        </div>
      </div>
    </>
  )
}

function Numbers({ stream, hasRates }: OverviewProps): JSX.Element {
  const { kind, rates, growth, growing, consumers, groups } = stream
  const readers = consumers + groups.length
  const isPlace = stream.dead_letter_sources > 0
  const waits = kind === 'queue' && stream.messages > 0 && readers === 0 && !isPlace
  return (
    <Stats>
      <Stat
        label={kind === 'queue' ? 'Ready' : 'Messages'}
        value={<Num value={stream.ready} />}
        tone={growing ? 'look' : 'plain'}
        hint={`pabal_queue_messages_ready. ${count(stream.published)} published since the broker started`}
      >
        {growing && (
          <>
            grows by <Rate value={growth} />
          </>
        )}
      </Stat>
      {kind === 'queue' && (
        <Stat
          label="Unacked"
          value={<Num value={stream.unacked} />}
          hint="Delivered and not yet acked"
        />
      )}
      <Stat
        label="In"
        value={<Rate value={hasRates ? rates.in : null} />}
        hint="Published a second"
      />
      <Stat
        label="Out"
        value={<Rate value={hasRates ? rates.out : null} />}
        hint="Delivered or fetched a second"
      >
        {kind === 'queue' && (
          <>
            <Rate value={hasRates ? rates.ack : null} /> acked
          </>
        )}
      </Stat>
      <Stat
        label="Oldest message"
        value={<Ago value={stream.oldest} />}
        hint="When the first message that is still there came in, about"
      />
      <Stat
        label="Readers"
        value={<Num value={readers} />}
        tone={waits ? 'look' : 'plain'}
        to={streamUrl(stream, 'consumers')}
        hint={`${count(consumers)} consumers by AMQP and HTTP, ${count(groups.length)} groups of Kafka`}
      />
      <Stat
        label="On disk"
        value={<Bytes value={stream.bytes} />}
        hint="About what its messages take in the log"
      />
    </Stats>
  )
}

function Danger({ stream }: { readonly stream: StreamShownJson }): JSX.Element {
  const [verb, setVerb] = useState<'delete' | 'purge'>()
  const { kind, may, ready, exclusive } = stream
  const isGone = (): void => {
    if (verb === 'delete') go('/streams')
  }
  return (
    <Section title="Danger">
      <div class="stream-danger">
        {kind === 'queue' && (
          <Button
            isDisabled={!may.read || exclusive || ready === 0}
            title={whyNoPurge(stream)}
            onClick={() => setVerb('purge')}
          >
            Purge …
          </Button>
        )}
        <Button
          kind="danger"
          isDisabled={!may.configure || exclusive}
          onClick={() => setVerb('delete')}
        >
          Delete …
        </Button>
        <span class="soft">{whyNot(stream)}</span>
      </div>
      {verb !== undefined && (
        <ChosenConfirm
          verb={verb}
          streams={[{ vhost: stream.vhost, name: stream.name }]}
          onClose={() => setVerb(undefined)}
          onDone={isGone}
        />
      )}
    </Section>
  )
}

/** Of a disabled button; '' where it is not. */
function whyNoPurge({ exclusive, may, ready }: StreamShownJson): string {
  if (exclusive) return 'It belongs to one connection, which alone may purge it'
  if (!may.read) return 'You may not read it, which a purge needs'
  return ready === 0 ? 'No message is ready: there is nothing to drop' : ''
}

function whyNot({ exclusive, may, kind }: StreamShownJson): string {
  if (exclusive) return 'It belongs to one connection and goes with it.'
  if (!may.configure) return 'You may not delete it.'
  return kind === 'queue'
    ? 'A purge drops what is ready; a deletion also takes its bindings.'
    : 'Its retention drops old messages by itself.'
}
