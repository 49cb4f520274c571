// What waits for a time: delayed messages, those that expire, and those that are tried again; when they are due, and
// what can be done before.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DueJson } from '../../../src/admin/v1/schedule-of-all.ts'
import type { ScheduledJson } from '../../../src/admin/v1/schedule-operations.ts'
import { curlOf } from '../../lib/api.ts'
import { ago, count, counted } from '../../lib/format.ts'
import { now, useLive } from '../../lib/live.ts'
import { query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Choice } from '../../parts/field.tsx'
import { Empty, ProblemNote } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { type WindowName, windowOf, windows } from './due-bars.ts'
import { DueChart } from './due-chart.tsx'
import { EndDialog, type EndAsked } from './end-dialog.tsx'
import { MessagePanel } from './message-panel.tsx'
import { keyOf, type NextMessage, type NextPage } from './next-message.ts'
import { NextTable } from './next-table.tsx'
import { PlacePanel } from './place-panel.tsx'
import { PlaceTable, keyOfPlace } from './place-table.tsx'
import './schedule.css'

const listPath = '/v1/schedule?page=1&page_size=500'
/** Before one asks for the others. */
const fewPlaces = 8
const nextPath = '/v1/schedule/next?count=100'

export function SchedulePage(): JSX.Element {
  const [windowName, setWindow] = useParam('within')
  const window = windowOf(windowName)
  const { seconds: within, bins } = windows[window]
  const due = useLive<DueJson>(`/v1/schedule/due${query({ within, bins })}`)
  const places = useLive<ListPage<ScheduledJson>>(listPath)
  const next = useLive<NextPage>(nextPath)
  const waiting = places.data?.items.reduce((sum, { messages }) => sum + messages, 0)
  return (
    <Page
      title="Schedule"
      says={<Sentence places={places.data?.items} />}
      command={<AsCommand cli="pabal delayed list" curl={curlOf('GET', '/v1/schedule')} />}
    >
      {places.data?.total_count === 0 ? (
        <NothingWaits />
      ) : (
        <>
          <Section
            title="Due in the next"
            actions={
              <Choice<WindowName>
                label="How far ahead"
                value={window}
                options={(Object.keys(windows) as WindowName[]).map((value) => {
                  return { value, label: windows[value].label }
                })}
                onChange={(value) => setWindow(value === 'hour' ? undefined : value)}
              />
            }
          >
            {due.data !== undefined && <DueChart due={due.data} window={window} />}
            {due.data === undefined && due.problem !== undefined && (
              <ProblemNote problem={due.problem} />
            )}
            {due.data === undefined && due.problem === undefined && (
              <div class="due-loading" aria-busy="true" />
            )}
          </Section>
          <Places places={places} />
          {waiting !== 0 && <Next next={next} />}
        </>
      )}
    </Page>
  )
}

/** `1,204 messages wait. The next is due in 4 min.` */
function Sentence({
  places,
}: {
  readonly places: readonly ScheduledJson[] | undefined
}): JSX.Element | null {
  if (places === undefined) return null
  const waiting = places.reduce((sum, { messages }) => sum + messages, 0)
  if (waiting === 0) return <>Nothing waits for a time.</>
  const soonest = places.reduce((min, place) => Math.min(min, place.next ?? Infinity), Infinity)
  const wait = waiting === 1 ? 'waits' : 'wait'
  if (soonest === Infinity) return <>{`${counted(waiting, 'message')} ${wait}.`}</>
  const isNow = soonest <= now.value
  return (
    <>
      {counted(waiting, 'message')} {wait}. The next is due{' '}
      <span class="number">{isNow ? 'now' : ago(soonest, now.value)}</span>.
    </>
  )
}

function NothingWaits(): JSX.Element {
  return (
    <Empty
      title="Nothing waits for a time"
      text="An exchange of type x-delayed-message keeps each message for as long as its header x-delay says. They stand here by when they are due, with what expires in queues and what is tried again after a failure."
      command="pabal exchange create later --type x-delayed-message --argument x-delayed-type=direct"
    />
  )
}

function Next({
  next: { data, problem, isStale },
}: {
  readonly next: ReturnType<typeof useLive<NextPage>>
}): JSX.Element | null {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [asked, setAsked] = useState<EndAsked>()
  const [openKey] = useParam('message')
  const messages = data?.messages
  const open = messages?.find((message) => keyOf(message) === openKey)
  const there = messages?.filter((message) => chosen.has(keyOf(message))) ?? []
  if (messages?.length === 0) return null
  const ask = (verb: EndAsked['verb'], which: readonly NextMessage[]): void =>
    setAsked({ verb, messages: which })
  return (
    <Section
      title="Due next"
      actions={data?.is_exact === false && <span class="soft">some of very many</span>}
    >
      <NextTable
        messages={messages}
        problem={problem}
        isStale={isStale}
        chosen={new Set(there.map(keyOf))}
        onChoose={setChosen}
        openKey={openKey}
        onOpen={(message) => pushParams({ message: keyOf(message), place: undefined })}
        onAsk={(verb) => ask(verb, there)}
      />
      {open !== undefined && (
        <MessagePanel
          key={keyOf(open)}
          message={open}
          onAsk={(verb) => ask(verb, [open])}
          onClose={() => setParams({ message: undefined })}
        />
      )}
      {asked !== undefined && (
        <EndDialog
          asked={asked}
          onDone={() => setChosen(new Set())}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Section>
  )
}

function Places({
  places: { data, problem, isStale },
}: {
  readonly places: ReturnType<typeof useLive<ListPage<ScheduledJson>>>
}): JSX.Element {
  const [openKey] = useParam('place')
  const [asked, setAsked] = useState<EndAsked>()
  const [isAll, setAll] = useState(false)
  const items = isAll ? data?.items : data?.items.slice(0, fewPlaces)
  const open = data?.items.find((place) => keyOfPlace(place) === openKey)
  return (
    <Section title="Where messages wait">
      <PlaceTable
        places={items}
        problem={problem}
        isStale={isStale}
        openKey={openKey}
        onOpen={(place) => pushParams({ place: keyOfPlace(place), message: undefined })}
      />
      {data !== undefined && data.items.length > fewPlaces && !isAll && (
        <div>
          <Button kind="quiet" onClick={() => setAll(true)}>
            Show all {count(data.items.length)}
          </Button>
        </div>
      )}
      {open !== undefined && (
        <PlacePanel
          key={openKey}
          place={open}
          onAsk={setAsked}
          onClose={() => setParams({ place: undefined })}
        />
      )}
      {asked !== undefined && <EndDialog asked={asked} onClose={() => setAsked(undefined)} />}
    </Section>
  )
}
