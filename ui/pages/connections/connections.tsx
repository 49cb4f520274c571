// Connections of all protocols: who is connected, what each does, and what it makes hard for itself.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ConnectionJson } from '../../../src/admin/v1/connections/connection-json.ts'
import type { HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { curlOf } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { place, pushParams, setParams, useParam } from '../../lib/router.ts'
import { useRows } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Chip } from '../../parts/chips.tsx'
import { ChosenBar, foundText, NothingFits, OwnerChips } from '../../parts/list-parts.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { SearchParam } from '../../parts/search-param.tsx'
import { Table } from '../../parts/table.tsx'
import { CloseConnections } from './close-connections.tsx'
import { connectionColumns } from './connection-columns.tsx'
import { ConnectionPanel } from './connection-panel.tsx'
import {
  connectionsPath,
  type ConnectionsView,
  isFiltered,
  protocols,
  viewFrom,
} from './connections-query.ts'
import './connections.css'

export function ConnectionsPage(): JSX.Element {
  const view = viewFrom(place.value.params)
  const [id, setId] = useParam('id')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [ending, setEnding] = useState<readonly number[]>()
  const pathOf = (page: number, pageSize: number): string => connectionsPath(view, page, pageSize)
  const rows = useRows<ConnectionJson>(pathOf)
  const end = (ids: Iterable<string>): void => setEnding([...ids].map(Number))
  return (
    <Page
      title="Connections"
      isFull
      says={<Sentence found={rows.total} view={view} />}
      filters={<Filters view={view} />}
      command={<AsCommand cli="pabal conn list" curl={curlOf('GET', pathOf(1, 100))} />}
    >
      {chosen.size > 0 && (
        <ChosenBar what="connection" count={chosen.size} onNone={() => setChosen(new Set())}>
          <Button kind="danger" onClick={() => end(chosen)}>
            Close {counted(chosen.size, 'connection')} …
          </Button>
        </ChosenBar>
      )}
      <Table
        label="Connections"
        isFull
        columns={connectionColumns}
        rows={rows}
        keyOf={(connection) => String(connection.id)}
        sort={{ by: view.sort, isReverse: view.isReverse }}
        onSort={({ by, isReverse }) => setParams({ sort: by, desc: isReverse || undefined })}
        openKey={id}
        onOpen={(connection) => pushParams({ id: connection.id })}
        chosen={chosen}
        onChoose={setChosen}
        empty={<NoConnections isFiltered={isFiltered(view)} />}
      />
      {id !== undefined && (
        <ConnectionPanel
          key={id}
          id={id}
          onClose={() => setId(undefined)}
          onEnd={() => end([id])}
        />
      )}
      {ending !== undefined && (
        <CloseConnections
          ids={ending}
          onClose={() => setEnding(undefined)}
          onDone={() => setChosen(new Set())}
        />
      )}
    </Page>
  )
}

/** How many there are, and how many are blocked. */
function Sentence({
  found,
  view,
}: {
  readonly found: number | undefined
  readonly view: ConnectionsView
}): JSX.Element | null {
  const { data } = useLive<HomeJson>('/v1/home')
  if (found === undefined) return null
  const blocked = data?.counts.blocked_connections ?? 0
  return (
    <>
      {foundText(found, 'connection', isFiltered(view))}
      {blocked > 0 && (
        <a href="/connections?state=blocked" class="diagnosis-bad">
          {count(blocked)} {blocked === 1 ? 'waits' : 'wait'} to publish.
        </a>
      )}
    </>
  )
}

function Filters({ view }: { readonly view: ConnectionsView }): JSX.Element {
  const { protocol, state, user, vhost } = view
  return (
    <>
      <SearchParam label="Name, user, address or library" param="q" value={view.text} />
      {protocols.map((each) => (
        <Chip
          key={each.protocol}
          isOn={protocol === each.protocol}
          onClick={() =>
            setParams({ protocol: protocol === each.protocol ? undefined : each.protocol })
          }
        >
          {each.label}
        </Chip>
      ))}
      <Chip
        isOn={state === 'blocked'}
        title="They publish, and publishers have to wait"
        onClick={() => setParams({ state: state === 'blocked' ? undefined : 'blocked' })}
      >
        blocked
      </Chip>
      <OwnerChips user={user} vhost={vhost} />
    </>
  )
}

function NoConnections({ isFiltered: isHeldBack }: { readonly isFiltered: boolean }): JSX.Element {
  if (isHeldBack) return <NothingFits what="connection" href="/connections" />
  return (
    <Empty
      title="Nobody is connected"
      text="Clients of every protocol stand here, with what each does and what slows it down."
      command="pabal bench --seconds 5"
      action={<a href="/start">See how to connect</a>}
    />
  )
}
