// One exchange or queue in which messages wait: what happens to them, and ending the wait of many.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DueJson } from '../../../src/admin/v1/schedule-of-all.ts'
import type { ScheduledJson } from '../../../src/admin/v1/schedule-operations.ts'
import { count, duration } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { query } from '../../lib/names.ts'
import { Button } from '../../parts/button.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { Field } from '../../parts/field.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { windows } from './due-bars.ts'
import { DueChart } from './due-chart.tsx'
import { Due } from './due.tsx'
import type { EndAsked } from './end-dialog.tsx'
import { KindBadge, Then } from './place-table.tsx'

export interface PlacePanelProps {
  readonly place: ScheduledJson
  readonly onAsk: (asked: EndAsked) => void
  readonly onClose: () => void
}

export function PlacePanel({ place, onAsk, onClose }: PlacePanelProps): JSX.Element {
  const { kind, vhost, name } = place
  const { seconds: within, bins } = windows.day
  const due = useLive<DueJson>(`/v1/schedule/due${query({ within, bins, vhost, name })}`)
  return (
    <Panel
      title={
        <>
          <Name value={name} isCopied /> <KindBadge kind={kind} />
        </>
      }
      label={kind === 'delayed' ? 'Exchange that delays' : 'Queue in which messages wait'}
      onClose={onClose}
    >
      <p>{explain(place)}</p>
      <Facts facts={factsOf(place)} />
      <Section title="Due in the next day">
        {due.data === undefined ? (
          <div class="due-loading" />
        ) : (
          <DueChart due={due.data} window="day" />
        )}
      </Section>
      {kind === 'delayed' ? (
        <EndMany place={place} onAsk={onAsk} />
      ) : (
        <p>
          <a href={streamUrl({ vhost, name }, 'messages')}>Look at the messages</a>
        </p>
      )}
    </Panel>
  )
}

function explain({ kind, after_ms: ms, to_exchange: exchange }: ScheduledJson): string {
  const after = ms === null ? 'When its time is over' : `After ${duration(ms)} here`
  if (kind === 'delayed') {
    return 'Each message waits here for as long as its header x-delay says, and goes then to what is bound by that time.'
  }
  if (kind === 'retried') {
    return `Messages come here when they die elsewhere. Nobody consumes them: ${after.toLowerCase()} each goes on, to be tried again.`
  }
  if (exchange === null) return `${after} a message that nobody has taken is dropped.`
  return `${after} a message that nobody has taken is a dead letter.`
}

function factsOf(place: ScheduledJson): Fact[] {
  const { kind, vhost, name, messages, next, next_is_exact: isExact, after_ms: ms, sources } = place
  const facts: (Fact | false)[] = [
    { name: 'Messages', value: <Num value={messages} /> },
    { name: 'Next due', value: <Due at={next} isExact={isExact} /> },
    ms !== null && { name: 'After', value: duration(ms) },
    { name: 'Then', value: <Then place={place} /> },
    sources.length > 0 && {
      name: 'They died in',
      value: (
        <span class="schedule-place">
          {sources.map((source) => (
            <Name key={source} value={source} to={streamUrl({ vhost, name: source })} />
          ))}
        </span>
      ),
    },
    kind !== 'delayed' && {
      name: 'Queue',
      value: <Name value={name} to={streamUrl({ vhost, name })} />,
    },
    vhost !== '/' && { name: 'Virtual host', value: <Name value={vhost} /> },
  ]
  return facts.filter((fact) => fact !== false)
}

function EndMany({
  place: { vhost, name, messages },
  onAsk,
}: {
  readonly place: ScheduledJson
  readonly onAsk: (asked: EndAsked) => void
}): JSX.Element {
  const [text, setText] = useState('')
  const filter = text === '' ? undefined : { text }
  const which = text === '' ? count(messages) : 'those'
  const ask = (verb: EndAsked['verb']): void => onAsk({ verb, of: { vhost, name, filter } })
  return (
    <Section title="Before their time">
      <Field label="Only messages with this in the payload" hint="Left empty, all of them">
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </Field>
      <div class="schedule-chosen">
        <Button isDisabled={messages === 0} onClick={() => ask('fire')}>
          Fire {which} now …
        </Button>
        <Button kind="danger" isDisabled={messages === 0} onClick={() => ask('cancel')}>
          Cancel {which} …
        </Button>
      </div>
    </Section>
  )
}
