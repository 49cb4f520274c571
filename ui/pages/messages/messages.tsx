// Messages of one stream: found, looked into, moved and published, without anything that takes one by accident.
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { useKeys } from '../../lib/keys.ts'
import { setParams, useParam } from '../../lib/router.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { JobProgress } from '../../parts/job/job-progress.tsx'
import { StreamFrame, useStream } from '../../parts/stream-tabs.tsx'
import { peekCommand, tailCommand } from './copy-as.ts'
import { readFilter } from './filter-terms.ts'
import { ListAndMessage } from './list-and-message.tsx'
import { AllActions, ChosenActions, type Opened, useJobKeys } from './message-actions.tsx'
import { MessageFilters } from './message-filters.tsx'
import { useList } from './message-list.tsx'
import { type Order, pagePath, type PagesAsked } from './message-pages.ts'
import { type Message, placeOf } from './message.ts'
import { OpenedPart } from './opened-part.tsx'
import './messages.css'

export function MessagesPage(): JSX.Element {
  const asked = useAsked()
  const stream = useStream().live.data
  const isLive = useParam('live')[0] !== undefined
  const jobs = useJobs()
  const [turn, setTurn] = useState(0)
  const [opened, setOpened] = useState<Opened>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const list = useList(asked, isLive, turn)
  const again = (): void => setTurn((before) => before + 1)
  const begun = (id: string): void => {
    setChosen(new Set())
    jobs.add(id)
  }
  const open = { asked, stream, isLive, onOpen: setOpened }
  const chosenMessages = useChosen(list.messages, chosen, open)
  return (
    <StreamFrame
      current="messages"
      isFull
      says={stream && saysOf(stream)}
      actions={<Actions {...open} onAgain={again} />}
      filters={
        <MessageFilters
          asked={asked}
          partitions={stream?.kind === 'topic' ? stream.partitions : 1}
          isLive={isLive}
          onChange={(changes) => setParams({ text: undefined, ...changes })}
        />
      }
      command={
        <AsCommand
          cli={isLive ? tailCommand(asked) : peekCommand(asked)}
          curl={curlOf('GET', pagePath(asked))}
        />
      }
    >
      {jobs.ids.map((id) => (
        <JobProgress
          key={id}
          vhost={asked.vhost}
          id={id}
          onClose={() => {
            jobs.remove(id)
            again()
          }}
          onEnded={again}
          onBegun={begun}
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
      <ListAndMessage {...{ ...open, list, chosen, turn }} onChoose={setChosen} />
      {opened !== undefined && (
        <OpenedPart
          {...{ opened, asked, stream }}
          onClose={() => setOpened(undefined)}
          onChanged={again}
          onBegun={begun}
        />
      )}
    </StreamFrame>
  )
}

/** The messages that are chosen; keys act on them, or on the one that stands open. */
function useChosen(
  messages: readonly Message[],
  places: ReadonlySet<string>,
  { stream, onOpen }: Pick<ActionsProps, 'stream' | 'onOpen'>,
): readonly Message[] {
  const [at] = useParam('at')
  const chosen = messages.filter((message) => places.has(placeOf(message)))
  const open = messages.filter((message) => placeOf(message) === at)
  useJobKeys(stream, chosen.length > 0 ? chosen : open, onOpen)
  return chosen
}

interface ActionsProps {
  readonly asked: PagesAsked
  readonly stream: StreamShownJson | undefined
  readonly isLive: boolean
  readonly onOpen: (opened: Opened) => void
  readonly onAgain: () => void
}

function Actions(props: ActionsProps): JSX.Element {
  const { asked, stream, isLive, onOpen, onAgain } = props
  const toggleLive = (): void => setParams({ live: isLive ? undefined : '1' })
  const publish = (): void => onOpen({ kind: 'publish', message: undefined })
  useKeys([
    { keys: 'r', does: 'ask for the messages again', run: onAgain },
    { keys: 'l', does: 'follow live, or stop', run: toggleLive },
    { keys: 'n', does: 'publish a message', run: publish },
  ])
  return (
    <>
      <Button isPressed={isLive} onClick={toggleLive}>
        Live
      </Button>
      {!isLive && <Button onClick={onAgain}>Refresh</Button>}
      {stream !== undefined && <AllActions {...{ stream, asked, onOpen }} />}
      <Button kind="primary" onClick={publish}>
        Publish
      </Button>
    </>
  )
}

interface ShownJobs {
  readonly ids: readonly string[]
  add(id: string): void
  remove(id: string): void
}

/** Jobs that were begun here, the newest first; in the URL, so that they are there again. */
function useJobs(): ShownJobs {
  const [text = '', setText] = useParam('jobs')
  const ids = text === '' ? [] : text.split(',')
  return {
    ids,
    add: (id) => setText([id, ...ids].slice(0, 3).join(',')),
    remove: (id) => setText(ids.filter((each) => each !== id).join(',') || undefined),
  }
}

/** What the URL asks for. */
function useAsked(): PagesAsked {
  const [vhost = '/'] = useParam('vhost')
  const [name = ''] = useParam('name')
  const [order] = useParam('order')
  const [from] = useParam('from')
  const [partition] = useParam('partition')
  const [json] = useParam('filter')
  // For links: a text alone is a filter.
  const [text] = useParam('text')
  return useMemo(() => {
    const known: Order = order === 'oldest' ? 'oldest' : 'newest'
    const filter = { ...(text !== undefined && { text }), ...readFilter(json) }
    return { vhost, name, order: known, from, partition, filter }
  }, [vhost, name, order, from, partition, json, text])
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
