// Where messages are now, as the log knows it without a trace.
import type { JSX } from 'preact'
import type { FoundMessageJson } from '../../../src/admin/v1/search-operation.ts'
import { count, counted } from '../../lib/format.ts'
import { urlOf } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Bar } from '../../parts/facts.tsx'
import { ProblemNote } from '../../parts/notes.tsx'
import { Ago, Name } from '../../parts/values.tsx'
import type { FindNow } from './find-now.ts'

export interface FoundProps {
  readonly finding: FindNow
  readonly vhost: string
}

export function Found({ finding, vhost }: FoundProps): JSX.Element | null {
  const { state, found, last, problem, stop } = finding
  if (state === 'idle') return null
  const { progress } = last ?? {}
  const share = progress === undefined ? 0 : shareOf(progress.messages, progress.messages_total)
  return (
    <section class="found" aria-label="Where it is now">
      <div class="found-head">
        <h2>Where it is now</h2>
        {state === 'looking' && <Button onClick={stop}>Stop looking</Button>}
      </div>
      <p role="status">{saysOf(finding)}</p>
      {state === 'looking' && <Bar share={share} label="How much was looked through" />}
      {problem !== undefined && <ProblemNote problem={problem} />}
      <ol class="found-list">
        {found.map((message) => (
          <FoundLine
            key={`${message.stream} ${JSON.stringify(message['partition'])} ${String(message['offset'])}`}
            message={message}
            vhost={vhost}
          />
        ))}
      </ol>
      {(state === 'done' || found.length > 0) && <WhatIsNotKnown last={last} />}
    </section>
  )
}

function WhatIsNotKnown({ last }: Pick<FindNow, 'last'>): JSX.Element {
  const { not_allowed: notAllowed = 0, delayed = 0 } = last ?? {}
  return (
    <p class="soft found-notes">
      Who got and acked a message is not known without a trace; what was acked is found only where
      it is kept.
      {notAllowed > 0 &&
        ` ${counted(notAllowed, 'queue')} that you may not read ${verb(notAllowed)} left out.`}
      {delayed > 0 &&
        ` ${counted(delayed, 'delayed message')} at exchanges ${verb(delayed)} not looked into.`}
    </p>
  )
}

function verb(number: number): string {
  return number === 1 ? 'was' : 'were'
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole
}

function saysOf({ state, found, last }: FindNow): string {
  const streams = last?.progress.streams_total ?? 0
  const looked = `${counted(last?.progress.messages_total ?? 0, 'message')} in ${counted(streams, 'queue or topic', 'queues and topics')}`
  if (state === 'looking') {
    return last === undefined
      ? 'Looking …'
      : `Looked through ${count(last.progress.messages)} of ${looked} …`
  }
  const places = counted(found.length, 'place')
  if (state === 'stopped') return `Stopped: ${places} so far.`
  if (found.length === 0)
    return `Not in any of ${looked}: it was acked and is not kept, or never came.`
  return `Found in ${places}.`
}

const stateTones: Readonly<Record<string, Tone>> = {
  ready: 'plain',
  unacked: 'plain',
  delayed: 'look',
  dead: 'bad',
  acked: 'good',
}

interface Death {
  readonly queue?: unknown
  readonly reason?: unknown
  readonly count?: unknown
}

function FoundLine({
  message,
  vhost,
}: {
  readonly message: FoundMessageJson
  readonly vhost: string
}): JSX.Element {
  const { stream, kind, groups, offset, partition, time, state } = message
  const at = typeof offset === 'number' ? offset : undefined
  const part = typeof partition === 'number' ? partition : undefined
  const deaths = deathsOf(message)
  return (
    <li class="found-line">
      <div class="found-line-head">
        <Name
          value={stream}
          to={urlOf('/stream/messages', { vhost, name: stream, at, partition: part })}
        />
        <span class="mono soft">
          {part === undefined ? '' : `partition ${part} `}@{String(at ?? '')}
        </span>
        {typeof state === 'string' ? (
          <Badge tone={stateTones[state] ?? 'plain'}>{state}</Badge>
        ) : (
          <Badge>{kind === 'topic' ? 'in the topic' : kind}</Badge>
        )}
        <span class="soft">
          came <Ago value={typeof time === 'number' ? time : undefined} />
        </span>
      </div>
      <ul>
        {deaths.map(({ queue, reason, count: times }, index) => (
          <li key={index}>
            died in <span class="mono">{plainName(String(queue))}</span>: {String(reason)}
            {Number(times) > 1 && `, ${String(times)} times`}
          </li>
        ))}
        {groups.map(({ name, is_past: isPast }) => (
          <li key={name}>
            group <span class="mono">{plainName(name)}</span>{' '}
            {isPast ? 'has read it' : 'has not read it yet'}
          </li>
        ))}
      </ul>
    </li>
  )
}

function deathsOf({ properties }: FoundMessageJson): readonly Death[] {
  const { headers } = (properties ?? {}) as { readonly headers?: Readonly<Record<string, unknown>> }
  const deaths = headers?.['x-death']
  return Array.isArray(deaths) ? (deaths as readonly Death[]).toReversed() : []
}
