// Sessions of MQTT clients: who is connected, who is away, and what waits for whom.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { SessionJson } from '../../../src/admin/v1/mqtt/session-json.ts'
import { curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { place, pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Chip } from '../../parts/chips.tsx'
import { ChosenBar, foundText, NothingFits, OwnerChips } from '../../parts/list-parts.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { Table } from '../../parts/table.tsx'
import { ChangeSessions, type ChangeVerb } from './change-sessions.tsx'
import { HowToConnect } from './how-to-connect.tsx'
import { sessionColumns } from './session-columns.tsx'
import { SessionPanel } from './session-panel.tsx'
import {
  isFiltered,
  keyOf,
  placeOf,
  sessionsPath,
  type SessionsView,
  states,
  viewFrom,
} from './sessions-query.ts'
import type { TabProps } from './tab-props.ts'

interface Changing {
  readonly verb: ChangeVerb
  readonly keys: readonly string[]
}

export function SessionsTab({ tabs }: TabProps): JSX.Element {
  const view = viewFrom(place.value.params)
  const [openKey] = useParam('session')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [changing, setChanging] = useState<Changing>()
  const pathOf = (page: number, pageSize: number): string => sessionsPath(view, page, pageSize)
  const rows = useRows<SessionJson>(pathOf)
  const open = openKey === undefined ? undefined : placeOf(openKey)
  return (
    <Page
      title="MQTT"
      isFull
      says={<Sentence found={rows.total} view={view} />}
      tabs={tabs}
      filters={<Filters view={view} />}
      command={<AsCommand cli={commandOf(view)} curl={curlOf('GET', pathOf(1, 100))} />}
    >
      {chosen.size > 0 && (
        <Chosen keys={[...chosen]} onChange={setChanging} onNone={() => setChosen(new Set())} />
      )}
      <Table
        label="Sessions"
        isFull
        columns={sessionColumns}
        rows={rows}
        keyOf={keyOf}
        sort={{ by: view.sort, isReverse: view.isReverse }}
        onSort={({ by, isReverse }) => setParams({ sort: by, desc: isReverse || undefined })}
        openKey={openKey}
        onOpen={(session) => pushParams({ session: keyOf(session) })}
        chosen={chosen}
        onChoose={setChosen}
        empty={<NoSessions isHeldBack={isFiltered(view)} />}
      />
      {open !== undefined && (
        <SessionPanel
          key={openKey}
          place={open}
          onChange={(verb) => setChanging({ verb, keys: [keyOf(open)] })}
          onClose={() => setParams({ session: undefined })}
        />
      )}
      {changing !== undefined && (
        <ChangeSessions
          verb={changing.verb}
          sessions={changing.keys.flatMap((key) => placeOf(key) ?? [])}
          onClose={() => setChanging(undefined)}
          onDone={() => setChosen(new Set())}
        />
      )}
    </Page>
  )
}

function Chosen({
  keys,
  onChange,
  onNone,
}: {
  readonly keys: readonly string[]
  readonly onChange: (changing: Changing) => void
  readonly onNone: () => void
}): JSX.Element {
  const what = counted(keys.length, 'session')
  return (
    <ChosenBar what="session" count={keys.length} onNone={onNone}>
      <Button onClick={() => onChange({ verb: 'disconnect', keys })}>Disconnect {what} …</Button>
      <Button kind="danger" onClick={() => onChange({ verb: 'delete', keys })}>
        Delete {what} …
      </Button>
    </ChosenBar>
  )
}

/** How many there are, and for how many that are away messages wait. */
function Sentence({
  found,
  view,
}: {
  readonly found: number | undefined
  readonly view: SessionsView
}): JSX.Element | null {
  const waiting = useLive<ListPage<SessionJson>>(
    '/v1/mqtt/sessions?state=waiting&page=1&page_size=1&sort=queued&sort_reverse=true',
  ).data
  if (found === undefined) return null
  const [most] = waiting?.items ?? []
  return (
    <>
      {foundText(found, 'session', isFiltered(view))}
      {most !== undefined && view.state !== 'waiting' && (
        <a href="/mqtt?state=waiting&sort=queued&desc=true" class="mqtt-waits">
          {waitingText(waiting?.filtered_count ?? 0, most.queued)}
        </a>
      )}
    </>
  )
}

function waitingText(sessions: number, most: number): string {
  const messages = counted(most, 'message')
  if (sessions === 1) return `${messages} ${most === 1 ? 'waits' : 'wait'} for one of them.`
  return `Messages wait for ${counted(sessions, 'session')}, up to ${messages} for one.`
}

function Filters({ view }: { readonly view: SessionsView }): JSX.Element {
  const { state, user, vhost } = view
  return (
    <>
      <SearchParam label="Client id" param="q" value={view.text} />
      {states.map((each) => (
        <Chip
          key={each.state}
          isOn={state === each.state}
          title={each.title}
          onClick={() => setParams({ state: state === each.state ? undefined : each.state })}
        >
          {each.state}
        </Chip>
      ))}
      <OwnerChips user={user} vhost={vhost} />
    </>
  )
}

function NoSessions({ isHeldBack }: { readonly isHeldBack: boolean }): JSX.Element {
  if (isHeldBack) return <NothingFits what="session" href="/mqtt" />
  return (
    <HowToConnect
      title="No client of MQTT has a session"
      text="Each client that connects has one. It stands here with its subscriptions and what waits for it, and those that outlive their connections stay while their clients are away."
    />
  )
}

function commandOf({ state, user, vhost }: SessionsView): string {
  const words = ['pabal mqtt sessions']
  if (state !== undefined) words.push(`--state ${state}`)
  if (user !== undefined) words.push(`--of-user ${user}`)
  if (vhost !== undefined) words.push(`--vhost ${vhost}`)
  return words.join(' ')
}
