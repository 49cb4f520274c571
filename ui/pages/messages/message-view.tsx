// One message: where it is and what it says, its headers, its deaths, and what one does with it.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, Problem } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { useParam } from '../../lib/router.ts'
import { Badge } from '../../parts/badge.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { At, Bytes, Name } from '../../parts/values.tsx'
import { DeathsView } from './deaths-view.tsx'
import { deathsOf } from './deaths.ts'
import type { Tree } from './decode/tree.ts'
import { HeadersView } from './headers-view.tsx'
import {
  headersOf,
  messagePath,
  type MessageState,
  type StreamRef,
  type WholeMessage,
} from './message.ts'
import { PayloadView } from './payload-view.tsx'
import './message-view.css'

/** Bytes of the payload that come with the message. */
const payloadSize = 64 * 1024

export interface Loaded {
  readonly message?: WholeMessage
  readonly problem?: Problem
  /** It was there, and is not any more. */
  readonly isGone?: boolean
}

/** A message by its place, asked for once; it never changes but for its state. */
export function useMessage(stream: StreamRef, place: string | undefined, turn: number): Loaded {
  const [loaded, setLoaded] = useState<Loaded & { readonly place?: string }>({})
  useEffect(() => {
    if (place === undefined) return undefined
    const stop = new AbortController()
    const path = messagePath(stream, place, payloadSize)
    ask<WholeMessage>('GET', path, undefined, { signal: stop.signal }).then(
      (message) => setLoaded({ message, place }),
      (error: unknown) => {
        if (stop.signal.aborted) return
        const problem = error instanceof Problem ? error : new Problem(0, String(error))
        setLoaded((before) => {
          const isGone = problem.status === 404 && before.place === place && before.message
          return isGone ? { ...before, isGone: true } : { problem, place }
        })
      },
    )
    return () => stop.abort()
  }, [stream.vhost, stream.name, place, turn])
  return loaded.place === place ? loaded : {}
}

type Tab = 'payload' | 'headers' | 'deaths'

export interface MessageViewProps {
  readonly stream: StreamRef
  readonly place: string
  readonly loaded: Loaded
  readonly onFilter: (path: string, value: Tree) => void
}

export function MessageView({ stream, place, loaded, onFilter }: MessageViewProps): JSX.Element {
  const [asked, setTab] = useParam('tab')
  const { message, problem, isGone = false } = loaded
  if (problem !== undefined) return <Gone place={place} problem={problem} />
  if (message === undefined) return <Skeleton lines={10} />
  const deaths = deathsOf(message)
  const tab = tabOf(asked, deaths.length > 0)
  const headerCount = headersOf(message).length
  return (
    <div class="message">
      {isGone && (
        <p class="message-gone" role="status">
          It is not here any more: you see what it was.
        </p>
      )}
      <dl class="message-facts">
        <Fact name="came">
          <At value={message.time} />
        </Fact>
        <Fact name="through">
          {message.exchange === '' ? (
            <span class="soft">default exchange</span>
          ) : (
            <Name value={message.exchange} />
          )}
        </Fact>
        <Fact name="routing key">
          <Name value={message.routing_key} isCopied />
        </Fact>
        <Fact name="size">
          <Bytes value={message.payload_bytes} />
        </Fact>
      </dl>
      <div class="message-tabs" role="tablist" aria-label="Parts of the message">
        <TabButton id="payload" current={tab} onChoose={setTab}>
          Payload
        </TabButton>
        <TabButton id="headers" current={tab} onChoose={setTab}>
          Properties and headers <span class="tab-count">{count(headerCount)}</span>
        </TabButton>
        {deaths.length > 0 && (
          <TabButton id="deaths" current={tab} onChoose={setTab}>
            Deaths <span class="tab-count">{deaths.length}</span>
          </TabButton>
        )}
      </div>
      <div class="message-part" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'payload' && <PayloadOrWhyNot {...{ stream, message, onFilter }} />}
        {tab === 'headers' && <HeadersView message={message} />}
        {tab === 'deaths' && <DeathsView {...{ stream, message, deaths }} />}
      </div>
    </div>
  )
}

function PayloadOrWhyNot(props: {
  readonly stream: StreamRef
  readonly message: WholeMessage
  readonly onFilter: (path: string, value: Tree) => void
}): JSX.Element {
  const { message } = props
  if (!message.sees_payload) {
    return (
      <p class="message-withheld">
        The payload is for users with the right to read this stream. You see the outside: where it
        is, its properties and headers.
      </p>
    )
  }
  if (message.payload === undefined) {
    return <p class="message-withheld">The payload cannot be read from the disk.</p>
  }
  return <PayloadView {...props} />
}

function tabOf(asked: string | undefined, hasDeaths: boolean): Tab {
  if (asked === 'headers') return 'headers'
  return asked === 'deaths' && hasDeaths ? 'deaths' : 'payload'
}

function TabButton(props: {
  readonly id: Tab
  readonly current: Tab
  readonly onChoose: (tab: string | undefined) => void
  readonly children: ComponentChildren
}): JSX.Element {
  const { id, current, onChoose, children } = props
  return (
    <button
      type="button"
      id={`tab-${id}`}
      class="tab"
      role="tab"
      aria-selected={id === current}
      aria-current={id === current ? 'page' : undefined}
      onClick={() => onChoose(id === 'payload' ? undefined : id)}
    >
      {children}
    </button>
  )
}

function Fact({
  name,
  children,
}: {
  readonly name: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Gone({
  place,
  problem,
}: {
  readonly place: string
  readonly problem: Problem
}): JSX.Element {
  if (problem.status !== 404) return <ProblemNote problem={problem} />
  return (
    <div class="problem" role="alert">
      <p>
        <strong>There is no message at {place}.</strong>
      </p>
      <p class="soft">A consumer has acked it, or it is older than what is kept.</p>
    </div>
  )
}

const tones = {
  ready: 'plain',
  unacked: 'look',
  delayed: 'look',
  dead: 'bad',
  acked: 'good',
} as const
const stateHints = {
  ready: 'It waits for a consumer',
  unacked: 'A consumer has it',
  delayed: 'It came back and waits for its next try',
  dead: 'It is on its way to a dead-letter exchange, or kept because no queue takes it',
  acked: 'It is kept for replay',
} as const

export function StateBadge({ state }: { readonly state: MessageState | undefined }): JSX.Element {
  if (state === undefined) return <span class="soft">–</span>
  return (
    <Badge tone={tones[state]} title={stateHints[state]}>
      {state}
    </Badge>
  )
}
