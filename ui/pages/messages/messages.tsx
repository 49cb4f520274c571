// Messages of one stream: found, looked into, moved and published, without anything that takes one by accident.
import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { useKeys } from '../../lib/keys.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import type { Rows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Bar } from '../../parts/facts.tsx'
import { JobProgress } from '../../parts/job-progress.tsx'
import { Empty, ProblemNote } from '../../parts/notes.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StreamFrame, useStream } from '../../parts/stream-tabs.tsx'
import { peekCommand, tailCommand } from './copy-as.ts'
import type { Tree } from './decode/tree.ts'
import { DiffDialog } from './diff-dialog.tsx'
import { isEmptyFilter, readFilter } from './filter-terms.ts'
import { ImportDialog } from './import-dialog.tsx'
import { JobDialog } from './job-dialog.tsx'
import { LiveMessages, type LiveState } from './live-messages.ts'
import { AllActions, ChosenActions, OneMessageActions, type Opened } from './message-actions.tsx'
import { MessageFilters } from './message-filters.tsx'
import {
  type Order,
  MessagePages,
  pagePath,
  type PagesAsked,
  type PagesState,
} from './message-pages.ts'
import { MessageTable } from './message-table.tsx'
import { MessageView, StateBadge, useMessage } from './message-view.tsx'
import { type Message, placeOf } from './message.ts'
import { PublishPanel } from './publish-panel.tsx'
import { ReplayDialog } from './replay-dialog.tsx'
import './messages.css'

export function MessagesPage(): JSX.Element {
  const asked = useAsked()
  const { live: streamLive } = useStream()
  const stream = streamLive.data
  const [isLive, setLive] = useParam('live')
  const [turn, setTurn] = useState(0)
  const [opened, setOpened] = useState<Opened>()
  const [jobs, setJobs] = useState<readonly string[]>([])
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const list = useList(asked, isLive !== undefined, turn)
  const again = (): void => setTurn(turn + 1)
  const toggleLive = (): void => setLive(isLive === undefined ? '1' : undefined)
  useKeys([
    { keys: 'r', does: 'ask for the messages again', run: again },
    { keys: 'l', does: 'follow live, or stop', run: toggleLive },
    {
      keys: 'n',
      does: 'publish a message',
      run: () => setOpened({ kind: 'publish', message: undefined }),
    },
  ])
  const chosenMessages = list.messages.filter((message) => chosen.has(placeOf(message)))
  return (
    <StreamFrame
      current="messages"
      isFull
      says={stream && saysOf(stream)}
      actions={
        <>
          <Button isPressed={isLive !== undefined} onClick={toggleLive}>
            Live
          </Button>
          {isLive === undefined && <Button onClick={again}>Refresh</Button>}
          {stream !== undefined && <AllActions {...{ stream, asked }} onOpen={setOpened} />}
          <Button kind="primary" onClick={() => setOpened({ kind: 'publish', message: undefined })}>
            Publish
          </Button>
        </>
      }
      filters={
        <MessageFilters
          asked={asked}
          partitions={stream?.kind === 'topic' ? stream.partitions : 1}
          isLive={isLive !== undefined}
          onChange={setParams}
        />
      }
      command={
        <AsCommand
          cli={isLive === undefined ? peekCommand(asked) : tailCommand(asked)}
          curl={curlOf('GET', pagePath(asked))}
        />
      }
    >
      {jobs.map((id) => (
        <JobProgress
          key={id}
          vhost={asked.vhost}
          id={id}
          onClose={() => {
            setJobs(jobs.filter((each) => each !== id))
            again()
          }}
          onBegun={(undo) => setJobs([undo, ...jobs])}
        />
      ))}
      {chosenMessages.length > 0 && stream !== undefined && (
        <ChosenActions
          stream={stream}
          chosen={chosenMessages}
          onOpen={setOpened}
          onClear={() => setChosen(new Set())}
        />
      )}
      <ListAndMessage
        {...{ asked, stream, list, chosen, turn }}
        onChoose={setChosen}
        onOpen={setOpened}
      />
      {opened !== undefined && (
        <OpenedPart
          {...{ opened, asked, stream }}
          onClose={() => setOpened(undefined)}
          onChanged={again}
          onBegun={(id) => {
            setChosen(new Set())
            setJobs([id, ...jobs])
          }}
        />
      )}
    </StreamFrame>
  )
}

/** What the URL asks for. */
function useAsked(): PagesAsked {
  const [vhost = '/'] = useParam('vhost')
  const [name = ''] = useParam('name')
  const [order] = useParam('order')
  const [from] = useParam('from')
  const [partition] = useParam('partition')
  const [filter] = useParam('filter')
  return useMemo(() => {
    const known: Order = order === 'oldest' ? 'oldest' : 'newest'
    return { vhost, name, order: known, from, partition, filter: readFilter(filter) }
  }, [vhost, name, order, from, partition, filter])
}

function saysOf({
  kind,
  ready,
  unacked,
  messages,
  consumers,
  partitions,
}: StreamShownJson): string {
  if (kind === 'topic') {
    return `${counted(messages, 'message')} in ${counted(partitions, 'partition')}. Looking takes nothing.`
  }
  const waiting = `${count(ready)} ready, ${count(unacked)} unacked, ${counted(consumers, 'consumer')}.`
  return `${waiting} Looking takes nothing.`
}

interface List {
  readonly messages: readonly Message[]
  readonly rows: Rows<Message>
  readonly isLive: boolean
  readonly pages?: { readonly state: PagesState; readonly source: MessagePages }
  readonly live?: { readonly state: LiveState; readonly source: LiveMessages }
}

/** Pages of what is there, or what comes from now on. */
function useList(asked: PagesAsked, isLive: boolean, turn: number): List {
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
  const state = pages?.state.value
  const followed = live?.state.value
  const messages = followed?.messages ?? state?.messages ?? []
  const isEmptyYet =
    messages.length === 0 && (state?.kind === 'loads' || followed?.kind === 'opens')
  const rows: Rows<Message> = {
    total: isEmptyYet ? undefined : messages.length,
    rowAt: (index) => messages[index],
    onShown: (_, last) => {
      if (last >= messages.length - 20 && isEmptyFilter(asked.filter)) pages?.more()
    },
    isStale: false,
    problem: messages.length === 0 ? state?.problem : undefined,
  }
  return {
    messages,
    rows,
    isLive,
    ...(pages !== undefined && state !== undefined && { pages: { state, source: pages } }),
    ...(live !== undefined &&
      followed !== undefined && { live: { state: followed, source: live } }),
  }
}

interface ListProps {
  readonly asked: PagesAsked
  readonly stream: StreamShownJson | undefined
  readonly list: List
  readonly chosen: ReadonlySet<string>
  readonly turn: number
  readonly onChoose: (chosen: ReadonlySet<string>) => void
  readonly onOpen: (opened: Opened) => void
}

function ListAndMessage(props: ListProps): JSX.Element {
  const { asked, stream, list, chosen, onChoose } = props
  const [at] = useParam('at')
  const isWide = useIsWide()
  const isBeside = isWide && at !== undefined
  return (
    <div class={isBeside ? 'messages messages-beside' : 'messages'}>
      <div class="messages-list">
        <ListHead list={list} asked={asked} />
        <MessageTable
          rows={list.rows}
          isTopic={stream?.kind === 'topic'}
          isNarrow={isBeside}
          openPlace={at}
          chosen={chosen}
          onChoose={onChoose}
          onOpen={(message) => {
            const change = at === undefined ? pushParams : setParams
            change({ at: placeOf(message) })
          }}
          empty={<NoMessages list={list} asked={asked} />}
        />
      </div>
      {at !== undefined && <OpenMessage {...props} place={at} isBeside={isBeside} />}
    </div>
  )
}

function OpenMessage(
  props: ListProps & { readonly place: string; readonly isBeside: boolean },
): JSX.Element {
  const { asked, stream, list, turn, place, isBeside, onOpen } = props
  const loaded = useMessage(asked, place, turn)
  const { message } = loaded
  const close = (): void => setParams({ at: undefined, tab: undefined })
  const known = list.messages.find((each) => placeOf(each) === place)
  const title = (
    <>
      <span class="mono">{place}</span> <StateBadge state={message?.state ?? known?.state} />
    </>
  )
  const actions = stream !== undefined && message !== undefined && (
    <OneMessageActions {...{ stream, message, onOpen }} />
  )
  const view = (
    <MessageView
      stream={asked}
      place={place}
      loaded={loaded}
      onFilter={(path, value) => addJsonFilter(asked, path, value)}
    />
  )
  if (isBeside) return <Beside {...{ title, actions, close, view, place }} />
  return (
    <Panel title={title} label={`Message ${place}`} onClose={close} actions={actions} isWide>
      {view}
    </Panel>
  )
}

function Beside(props: {
  readonly title: JSX.Element
  readonly actions: JSX.Element | false
  readonly close: () => void
  readonly view: JSX.Element
  readonly place: string
}): JSX.Element {
  const { title, actions, close, view, place } = props
  useKeys([{ keys: 'Escape', does: 'close the message', run: close }])
  return (
    <aside class="messages-one" aria-label={`Message ${place}`}>
      <header class="messages-one-head">
        <h2>{title}</h2>
        <button type="button" class="panel-close" aria-label="Close" onClick={close}>
          ×
        </button>
      </header>
      {actions !== false && <div class="messages-one-actions">{actions}</div>}
      {view}
    </aside>
  )
}

function addJsonFilter({ filter }: PagesAsked, path: string, value: Tree): void {
  if (value.kind !== 'text' && value.kind !== 'number' && value.kind !== 'word') return
  const scalar: unknown = value.kind === 'text' ? value.text : JSON.parse(value.text)
  const json = [...(filter.json ?? []), { path, is: 'equals', value: scalar }]
  setParams({ filter: JSON.stringify({ ...filter, json }) })
}

/** How far a search is, or what is followed. */
function ListHead({
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
  const { kind, seenCount, droppedCount, gaps, reason } = state
  const words = {
    opens: 'Begins to follow …',
    follows: `Follows: ${counted(seenCount, 'message')} since you began`,
    paused: 'Paused: the broker keeps the place, and nothing is left out when you go on',
    ended: `Ended: ${reason ?? 'the broker has ended it'}`,
  }
  return (
    <div class="messages-search" role="status">
      <span class="number">
        {words[kind]}
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

function NoMessages({
  list,
  asked,
}: {
  readonly list: List
  readonly asked: PagesAsked
}): JSX.Element {
  if (list.isLive) {
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
      command={`pabal publish ${asked.name} --payload hello`}
    />
  )
}

function OpenedPart(props: {
  readonly opened: Opened
  readonly asked: PagesAsked
  readonly stream: StreamShownJson | undefined
  readonly onClose: () => void
  readonly onChanged: () => void
  readonly onBegun: (id: string) => void
}): JSX.Element | null {
  const { opened, asked, stream, onClose, onChanged, onBegun } = props
  switch (opened.kind) {
    case 'job':
      return (
        <JobDialog
          stream={asked}
          kind={opened.job}
          scope={opened.scope}
          onBegun={onBegun}
          onClose={onClose}
        />
      )
    case 'publish':
      return (
        <PublishPanel
          stream={asked}
          message={opened.message}
          onPublished={onChanged}
          onClose={onClose}
        />
      )
    case 'replay':
      if (stream === undefined) return null
      return (
        <ReplayDialog
          stream={stream}
          message={opened.message}
          onDone={onChanged}
          onClose={onClose}
        />
      )
    case 'compare':
      return <DiffDialog stream={asked} places={opened.places} onClose={onClose} />
    case 'import':
      return <ImportDialog stream={asked} onDone={onChanged} onClose={onClose} />
    default:
      return opened satisfies never
  }
}

/** Whether list and message have room beside each other. */
function useIsWide(): boolean {
  const [isWide, setWide] = useState(() => matchMedia('(min-width: 1200px)').matches)
  useEffect(() => {
    const media = matchMedia('(min-width: 1200px)')
    const look = (): void => setWide(media.matches)
    media.addEventListener('change', look)
    return () => media.removeEventListener('change', look)
  }, [])
  return isWide
}
