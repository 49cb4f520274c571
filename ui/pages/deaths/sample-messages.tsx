// Some messages of a group: what they say, and what happened to each, death by death.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { MessagePageJson } from '../../../src/admin/v1/browse-operations.ts'
import { bytes, counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { isTraceable, type Traced, traceUrl } from '../../lib/trace-url.ts'
import { Badge } from '../../parts/badge.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Ago, At, Name } from '../../parts/values.tsx'
import { filterOf, type Group, whyOf } from './death-groups.ts'

const shownCount = 5
const shownPayload = 600

interface Death {
  readonly reason?: string
  readonly queue?: string
  readonly exchange?: string
  readonly 'routing-keys'?: readonly string[]
  readonly count?: number
  readonly time?: number | string
}

interface Message {
  readonly partition?: number
  readonly offset: number
  readonly time: number
  readonly exchange: string
  readonly routing_key: string
  readonly properties?: Traced & { readonly headers?: Readonly<Record<string, unknown>> }
  readonly payload_bytes: number
  readonly payload?: string
  readonly payload_encoding?: string
}

export function SampleMessages({ group }: { readonly group: Group }): JSX.Element {
  const { stream, example } = group
  const path =
    apiPath`/v1/streams/${stream.vhost}/${stream.name}/messages` +
    query({
      from: example.offset,
      partition: example.partition,
      filter: JSON.stringify(filterOf(group)),
      count: shownCount,
      payload: shownPayload,
    })
  const { data, problem } = useLive<MessagePageJson>(path)
  if (problem !== undefined && data === undefined) return <ProblemNote problem={problem} />
  if (data === undefined) return <Skeleton lines={6} />
  const messages = data.messages as readonly unknown[] as readonly Message[]
  const more = group.count - messages.length
  return (
    <div class="samples">
      {messages.map((message) => (
        <Sample
          key={`${message.partition ?? ''}.${message.offset}`}
          vhost={stream.vhost}
          message={message}
          seesPayload={data.sees_payloads}
        />
      ))}
      {messages.length === 0 && <p class="soft">They have left meanwhile.</p>}
      {more > 0 && messages.length > 0 && (
        <p>
          <a href={streamUrl(stream, 'messages', { filter: JSON.stringify(filterOf(group)) })}>
            {counted(more, 'more message', 'more messages')}
          </a>
        </p>
      )}
    </div>
  )
}

function Sample({
  vhost,
  message,
  seesPayload,
}: {
  readonly vhost: string
  readonly message: Message
  readonly seesPayload: boolean
}): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const { partition, offset, payload_bytes: size, properties = {}, routing_key: key } = message
  const { headers = {} } = properties
  const place = partition === undefined ? `#${offset}` : `#${partition}.${offset}`
  return (
    <article class="sample" aria-label={`Message ${place}`}>
      <button
        type="button"
        class="sample-head"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span class="mono soft">{place}</span>
        <span class="sample-line mono">{lineOf(message, seesPayload)}</span>
        <span class="soft number">{bytes(size)}</span>
      </button>
      <Timeline
        deaths={deathsOf(headers)}
        published={message}
        trace={isTraceable(properties) ? traceUrl(vhost, properties) : undefined}
      />
      {isOpen && (
        <>
          {seesPayload && message.payload !== undefined && (
            <CodeBlock code={readable(message.payload)} label="Payload, its start" />
          )}
          <Facts
            facts={[
              { name: 'routing key', value: <Name value={key} isCopied /> },
              ...Object.entries(headers)
                .filter(([name]) => name !== 'x-death')
                .map(([name, value]) => ({
                  name: <Name value={name} />,
                  value: <span class="mono sample-value">{textOf(value)}</span>,
                })),
            ]}
          />
        </>
      )}
    </article>
  )
}

function lineOf({ payload, payload_encoding: encoding }: Message, seesPayload: boolean): string {
  if (!seesPayload) return 'payload hidden: it takes the right to read'
  if (payload === undefined) return 'payload not loaded'
  if (encoding === 'base64') return 'bytes that are no text'
  return payload.slice(0, 200).replaceAll(/\s+/g, ' ')
}

/** JSON that is whole, in lines. */
function readable(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The oldest first: RabbitMQ's header has the latest in front. */
function deathsOf(headers: Readonly<Record<string, unknown>>): readonly Death[] {
  const deaths = headers['x-death']
  if (!Array.isArray(deaths)) return []
  return deaths
    .filter((each): each is Death => typeof each === 'object' && each !== null)
    .toReversed()
}

function Timeline({
  deaths,
  published,
  trace,
}: {
  readonly deaths: readonly Death[]
  readonly published: Message
  /** Undefined where nothing tells it apart. */
  readonly trace: string | undefined
}): JSX.Element {
  return (
    <ol class="timeline" aria-label="What happened to it">
      <First death={deaths[0]} />
      {deaths.map((death, index) => (
        <li key={index}>
          <Badge tone={death.reason === 'expired' ? 'plain' : 'bad'}>
            {whyOf({ reason: death.reason ?? null })}
          </Badge>
          <span>
            in <Name value={death.queue ?? ''} />
            {death.count !== undefined && death.count > 1 && (
              <span class="soft"> {counted(death.count, 'time')}</span>
            )}
          </span>
          <span class="soft">
            <DeathTime time={death.time} />
          </span>
        </li>
      ))}
      <li>
        <Badge>came here</Badge>
        <span class="soft">
          <At value={published.time} />
        </span>
        {trace !== undefined && <a href={trace}>Trace this</a>}
      </li>
    </ol>
  )
}

/** How it had come to where it died first. */
function First({ death }: { readonly death: Death | undefined }): JSX.Element | null {
  if (death === undefined) return null
  const { exchange = '', 'routing-keys': keys = [] } = death
  return (
    <li>
      <Badge>published</Badge>
      <span class="death-address">
        {exchange === '' ? <span class="soft">default</span> : <Name value={exchange} />}
        <span class="soft">/</span>
        <Name value={keys[0] ?? ''} />
      </span>
    </li>
  )
}

/** Seconds since the Unix epoch, as AMQP tells time. */
function DeathTime({ time }: { readonly time: number | string | undefined }): JSX.Element | null {
  const seconds = Number(time)
  return time === undefined || Number.isNaN(seconds) ? null : <Ago value={seconds * 1000} />
}
