// The list of messages and the one that stands open: beside each other where there is room.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { useKeys } from '../../lib/keys.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { Panel } from '../../parts/panel.tsx'
import type { Tree } from './decode/tree.ts'
import { OneMessageActions, type Opened } from './message-actions.tsx'
import { type List, ListHead, NoMessages } from './message-list.tsx'
import type { PagesAsked } from './message-pages.ts'
import { MessageTable } from './message-table.tsx'
import { MessageView, StateBadge, useMessage } from './message-view.tsx'
import { placeOf } from './message.ts'

interface ListProps {
  readonly asked: PagesAsked
  readonly stream: StreamShownJson | undefined
  readonly list: List
  readonly chosen: ReadonlySet<string>
  readonly turn: number
  readonly onChoose: (chosen: ReadonlySet<string>) => void
  readonly onOpen: (opened: Opened) => void
}

export function ListAndMessage(props: ListProps): JSX.Element {
  const { asked, stream, list, chosen, onChoose } = props
  const at = usePlace(asked)
  const isWide = useIsWide()
  const isBeside = isWide && at !== undefined
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (list.live === undefined) return
    // What comes would move what one reads.
    list.live.source.isHeld = () => at !== undefined || scrolledIn(box.current) > 0
  }, [list.live?.source, at])
  return (
    <div class={isBeside ? 'messages messages-beside' : 'messages'}>
      <div class="messages-list" ref={box}>
        <ListHead list={list} asked={asked} />
        <MessageTable
          rows={list.rows}
          isTopic={stream?.kind === 'topic'}
          isNarrow={isBeside || !isWide}
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

function scrolledIn(list: HTMLElement | null): number {
  return list?.querySelector('.table-full')?.scrollTop ?? 0
}

/** Which message stands open: its place, or an offset in the partition that is chosen. */
function usePlace({ partition }: PagesAsked): string | undefined {
  const [at] = useParam('at')
  if (at === undefined || partition === undefined || at.includes('.')) return at
  return `${partition}.${at}`
}

function OpenMessage(
  props: ListProps & { readonly place: string; readonly isBeside: boolean },
): JSX.Element {
  const { asked, stream, list, turn, place, isBeside, onOpen } = props
  const loaded = useMessage(asked, place, turn)
  const { message } = loaded
  const close = (): void => setParams({ at: undefined, tab: undefined })
  const known = list.messages.find((each) => placeOf(each) === place)
  const state = known?.state ?? message?.state
  const title = (
    <>
      <span class="mono">{place}</span>{' '}
      {loaded.isGone !== true && state !== undefined && <StateBadge state={state} />}
    </>
  )
  const isThere = message !== undefined && loaded.isGone !== true
  const actions = stream !== undefined && isThere && (
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
  setParams({ text: undefined, filter: JSON.stringify({ ...filter, json }) })
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
