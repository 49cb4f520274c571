// All streams: queues and topics in one table, which asks the broker only for the rows that one sees.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { StreamRowJson } from '../../../src/admin/v1/stream-list-operation.ts'
import { curlOf } from '../../lib/api.ts'
import { count, rate } from '../../lib/format.ts'
import { useKeys } from '../../lib/keys.ts'
import { now, useLive } from '../../lib/live.ts'
import { goToUrl, place, pushParams, setParams, useParam } from '../../lib/router.ts'
import { type ListPage, useRows } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { foundText, NothingFits } from '../../parts/list-parts.tsx'
import { Empty } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Table } from '../../parts/table.tsx'
import { ChosenBar, keyOfStream } from './chosen-bar.tsx'
import { CreatePanel } from './create-panel.tsx'
import { Filters } from './filters.tsx'
import { chosenColumns } from './stream-columns.tsx'
import {
  growingPath,
  isFiltered,
  type StreamsView,
  streamsPath,
  viewFrom,
} from './streams-query.ts'
import { ViewsMenu } from './views-menu.tsx'
import './streams.css'

interface VHostJson {
  readonly name: string
}

export function StreamsPage(): JSX.Element {
  const view = viewFrom(place.value.params)
  const [columnKeys] = useParam('columns')
  const [creating, setCreating] = useParam('create')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const pathOf = (page: number, pageSize: number): string => streamsPath(view, page, pageSize)
  const rows = useRows<StreamRowJson>(pathOf)
  const first = useLive<ListPage<StreamRowJson>>(pathOf(1, 100))
  const vhosts = useLive<readonly VHostJson[]>('/vhosts?columns=name').data ?? []
  const names = vhosts.map(({ name }) => name)
  const columns = chosenColumns(columnKeys, {
    hasSeveralVHosts: names.length > 1,
    isWide: useIsWide(),
  })
  const create = (): void => pushParams({ create: 'queue' })
  useKeys([{ keys: 'c', does: 'create a stream', run: create }])
  return (
    <Page
      title="Streams"
      isFull
      says={<Sentence list={first.data} view={view} />}
      actions={
        <>
          <ViewsMenu />
          <Button kind="primary" onClick={create}>
            Create a stream
          </Button>
        </>
      }
      filters={
        chosen.size > 0 ? (
          <ChosenBar chosen={chosen} total={rows.total ?? 0} view={view} onChoose={setChosen} />
        ) : (
          <Filters view={view} vhosts={names} columns={columns.map(({ key }) => key)} />
        )
      }
      command={<AsCommand cli="pabal ls" curl={curlOf('GET', pathOf(1, 100))} />}
    >
      <Table
        label="Streams"
        isFull
        columns={columns}
        rows={rows}
        keyOf={keyOfStream}
        sort={{ by: view.sort, isReverse: view.isReverse }}
        onSort={({ by, isReverse }) => setParams({ sort: by, desc: isReverse || undefined })}
        onOpen={(stream) => goToUrl(streamUrl(stream))}
        chosen={chosen}
        onChoose={setChosen}
        empty={<NoStreams isFiltered={isFiltered(view)} onCreate={create} />}
      />
      {creating !== undefined && (
        <CreatePanel
          kind={creating}
          vhosts={names}
          vhost={view.vhost ?? '/'}
          onKind={setCreating}
          onClose={() => setCreating(undefined)}
        />
      )}
    </Page>
  )
}

const wide = matchMedia('(min-width: 1280px)')

/** So long after somebody has begun to look there are rates. */
const ratesMs = 8000

/** Follows the width of the window. */
function useIsWide(): boolean {
  const [isWide, setWide] = useState(() => wide.matches)
  useEffect(() => {
    const look = (): void => setWide(wide.matches)
    wide.addEventListener('change', look)
    return () => wide.removeEventListener('change', look)
  }, [])
  return isWide
}

type Growing = Pick<StreamRowJson, 'vhost' | 'name' | 'growth'>

/** How many there are, and what matters about them. */
function Sentence({
  list,
  view,
}: {
  readonly list: ListPage<StreamRowJson> | undefined
  readonly view: StreamsView
}): JSX.Element | null {
  const growing = useLive<ListPage<Growing>>(growingPath).data
  const [since] = useState(() => now.peek())
  if (list === undefined) return null
  const { filtered_count: found } = list
  const many = foundText(found, 'stream', isFiltered(view))
  const [fastest] = growing?.items ?? []
  if (growing === undefined || fastest === undefined) {
    const isKnown = now.value - since > ratesMs
    return <>{isKnown ? `${many}No queue grows.` : many}</>
  }
  const { filtered_count: number } = growing
  return (
    <>
      {many}
      <a href="/streams?state=growing&sort=growth&desc=true">
        {number === 1 ? '1 queue grows' : `${count(number)} queues grow`}
      </a>
      {number === 1 ? ': ' : ', fastest '}
      <a href={streamUrl(fastest)}>{plainName(fastest.name)}</a>
      {` by ${rate(fastest.growth ?? 0)}.`}
    </>
  )
}

function NoStreams({
  isFiltered: isHeldBack,
  onCreate,
}: {
  readonly isFiltered: boolean
  readonly onCreate: () => void
}): JSX.Element {
  if (isHeldBack) return <NothingFits what="stream" href="/streams" />
  return (
    <Empty
      title="No streams yet"
      text="Queues and topics stand here, whichever client makes them."
      command="pabal create orders"
      action={
        <Button kind="primary" onClick={onCreate}>
          Create a stream
        </Button>
      }
    />
  )
}
