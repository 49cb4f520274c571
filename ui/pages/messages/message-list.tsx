// The messages that a page lists: those that are there, or those that come; and how far a search or a tail is.
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { count, counted } from '../../lib/format.ts'
import { type Rows, rowsOf } from '../../lib/rows.ts'
import { Button } from '../../parts/button.tsx'
import { Bar } from '../../parts/facts.tsx'
import { Empty, ProblemNote } from '../../parts/notes.tsx'
import { commandOn } from '../streams/command-on.ts'
import { isEmptyFilter } from './filter-terms.ts'
import { LiveMessages, type LiveState } from './live-messages.ts'
import { MessagePages, type PagesAsked, type PagesState } from './message-pages.ts'
import type { Message } from './message.ts'

export interface List {
  readonly messages: readonly Message[]
  readonly rows: Rows<Message>
  readonly pages?: { readonly state: PagesState; readonly source: MessagePages }
  readonly live?: { readonly state: LiveState; readonly source: LiveMessages }
}

/** Pages of what is there, or what comes from now on. */
export function useList(asked: PagesAsked, isLive: boolean, turn: number): List {
  const pages = useMemo(
    () => (isLive || asked.name === '' ? undefined : new MessagePages(asked)),
    [asked, isLive, turn],
  )
  const live = useMemo(
    () => (isLive && asked.name !== '' ? new LiveMessages(asked) : undefined),
    [asked, isLive],
  )
  useEffect(() => () => pages?.stop(), [pages])
  useEffect(() => () => live?.end(), [live])
  if (live !== undefined) {
    const state = live.state.value
    return { ...listOf(state.messages, state.kind === 'opens'), live: { state, source: live } }
  }
  if (pages === undefined) return listOf([], false)
  const state = pages.state.value
  const list = listOf(state.messages, state.kind === 'loads')
  const onShown = (_: number, last: number): void => {
    const isNearEnd = last >= state.messages.length - 20
    // What was refused is asked again by the reader, or it would be asked without an end.
    if (isNearEnd && isEmptyFilter(asked.filter) && state.problem === undefined) pages.more()
  }
  const { problem } = state
  const failed =
    state.messages.length === 0 && problem !== undefined
      ? { problem, total: undefined, onRetry: () => pages.more() }
      : {}
  return { ...list, rows: { ...list.rows, onShown, ...failed }, pages: { state, source: pages } }
}

function listOf(messages: readonly Message[], isOnItsWay: boolean): List {
  return { messages, rows: rowsOf(isOnItsWay && messages.length === 0 ? undefined : messages) }
}

/** How far a search is, or what is followed. */
export function ListHead({
  list,
  asked,
}: {
  readonly list: List
  readonly asked: PagesAsked
}): JSX.Element | null {
  if (list.live !== undefined) return <LiveHead {...list.live} />
  if (list.pages === undefined) return null
  const { state, source } = list.pages
  const { kind, lookedAt, left, messages, seesPayloads, problem } = state
  const isSearch = !isEmptyFilter(asked.filter)
  return (
    <>
      {!seesPayloads && (
        <p class="messages-note">
          You may not read this stream: you see the outside of its messages, without payloads.
        </p>
      )}
      {problem !== undefined && messages.length > 0 && (
        <ProblemNote problem={problem} onRetry={() => source.more()} />
      )}
      {isSearch && (
        <div class="messages-search" role="status">
          <span class="number">
            {counted(messages.length, 'message')} found in {count(lookedAt)}
            {kind === 'ended' ? ', all that there are' : ` of about ${count(lookedAt + left)}`}
          </span>
          <Bar
            share={kind === 'ended' ? 1 : lookedAt / Math.max(1, lookedAt + left)}
            label="How far the search is"
          />
          {kind === 'loads' && <Button onClick={() => source.stop()}>Stop</Button>}
          {kind === 'rests' && <Button onClick={() => source.more()}>Search further</Button>}
        </div>
      )}
    </>
  )
}

function LiveHead({
  state,
  source,
}: {
  readonly state: LiveState
  readonly source: LiveMessages
}): JSX.Element {
  const { kind, seenCount, waitingCount, droppedCount, gaps, reason } = state
  const words = {
    opens: reason === undefined ? 'Begins to follow …' : `${reason}, tries again`,
    follows: `Follows: ${counted(seenCount, 'message')} since you began`,
    paused: 'Paused: the broker keeps the place, and nothing is left out when you go on',
    ended: `Ended: ${reason ?? 'the broker has ended it'}`,
  }
  return (
    <div class="messages-search" role="status">
      <span class="number">
        {words[kind]}
        {waitingCount > 0 && `, ${count(waitingCount)} more wait while you read`}
        {droppedCount > 0 && `, the newest ${count(state.messages.length)} are listed`}
        {kind === 'follows' && reason !== undefined && ` · ${reason}, tries again`}
      </span>
      {kind === 'follows' && <Button onClick={() => source.pause()}>Pause</Button>}
      {kind === 'paused' && <Button onClick={() => source.resume()}>Go on</Button>}
      {gaps.map((gap, index) => (
        <p key={index} class="messages-gap">
          {gap}
        </p>
      ))}
    </div>
  )
}

export function NoMessages({
  list,
  asked,
}: {
  readonly list: List
  readonly asked: PagesAsked
}): JSX.Element {
  if (list.live !== undefined) {
    return (
      <Empty
        title="Nothing has come yet"
        text="Each message stands here as soon as it is on disk."
      />
    )
  }
  if (!isEmptyFilter(asked.filter)) {
    return <Empty title="Nothing fits" text="No message that was looked at fits all filters." />
  }
  if (asked.from !== undefined || asked.partition !== undefined) {
    return (
      <Empty title="Nothing there" text="There are no messages in this direction from there." />
    )
  }
  return (
    <Empty
      title="No messages"
      text="Messages stand here as they are in the stream: ready, with a consumer, waiting for their next try, dead, or kept for replay."
      command={commandOn('publish --payload hello', asked)}
    />
  )
}
