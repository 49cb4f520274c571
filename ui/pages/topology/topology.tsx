// Topology: which exchange leads to which queue, who reads it, and where a message would go.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import type { TopologyJson } from '../../../src/admin/v1/topology-operation.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { type Live, useLive } from '../../lib/live.ts'
import { apiPath, query } from '../../lib/names.ts'
import { pushParams, setParams, useParam } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { Chip, SearchField } from '../../parts/chips.tsx'
import { Choice } from '../../parts/field.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import { type Opened, TopologyDialog } from './dialogs.tsx'
import { fold } from './fold.ts'
import { Graph } from './graph.tsx'
import { ListView } from './list-view.tsx'
import { NodePanel } from './node-panel.tsx'
import { RoutePanel } from './route-panel.tsx'
import { litOf, type RouteTest, useRouteTest } from './route-test.ts'
import { nodeName, saysOf } from './words.ts'
import './topology.css'

const isNarrow: boolean = matchMedia('(max-width: 719px)').matches

export function TopologyPage(): JSX.Element {
  const [vhost = '/'] = useParam('vhost')
  const [around] = useParam('around')
  const [steps] = useParam('steps')
  const [count] = useParam('count')
  const [view = isNarrow ? 'list' : 'picture'] = useParam('view')
  const [opened, setOpened] = useState<Opened>()
  const path = apiPath`/v1/topology/${vhost}` + query({ around, steps, count })
  const live = useLive<TopologyJson>(path)
  const { data } = live
  return (
    <Page
      title="Topology"
      says={data === undefined || data.nodes.length === 0 ? undefined : saysOf(data)}
      isFull
      actions={<Actions onDialog={setOpened} />}
      filters={<Filters data={data} vhost={vhost} view={view} />}
      command={<AsCommand curl={curlOf('GET', path)} />}
    >
      <Content live={live} vhost={vhost} view={view} onDialog={setOpened} />
      {opened !== undefined && (
        <TopologyDialog
          opened={opened}
          vhost={vhost}
          nodes={data === undefined ? [] : [...data.nodes, ...data.isolated]}
          onClose={() => setOpened(undefined)}
          onDeclared={(name) => setParams({ open: `exchange:${name}` })}
          onDeleted={() => setParams({ open: undefined, around: undefined })}
        />
      )}
    </Page>
  )
}

interface ContentProps {
  readonly live: Live<TopologyJson>
  readonly vhost: string
  readonly view: string
  readonly onDialog: (opened: Opened) => void
}

/** The picture or the list, and the panel beside it. */
function Content({ live, vhost, view, onDialog }: ContentProps): JSX.Element {
  const [panel] = useParam('panel')
  const open = useOpenId()
  const test = useRouteTest()
  const { data } = live
  const node = data && findNode(data, open)
  const isTesting = panel === 'route'
  useShown(data, open)
  return (
    <>
      <div class={isTesting || node !== undefined ? 'topology topology-beside' : 'topology'}>
        <Shown {...{ live, view, open, onDialog }} test={isTesting ? test : undefined} />
        {data !== undefined && <Isolated data={data} />}
      </div>
      {isTesting && data !== undefined && (
        <RoutePanel
          vhost={vhost}
          nodes={data.nodes}
          edges={data.edges}
          test={test}
          onClose={() => setParams(closedTester)}
        />
      )}
      {!isTesting && node !== undefined && (
        <NodePanel
          key={node.id}
          node={node}
          edges={data?.edges ?? []}
          vhost={vhost}
          onClose={() => setParams({ open: undefined, exchange: undefined, name: undefined })}
          onDialog={onDialog}
        />
      )}
    </>
  )
}

const closedTester = { panel: undefined, exchange: undefined, key: undefined, headers: undefined }

/** What stands open; links from elsewhere only name an exchange. */
function useOpenId(): string | undefined {
  const [open] = useParam('open')
  const [exchange] = useParam('exchange')
  const [name] = useParam('name')
  const [panel] = useParam('panel')
  if (panel === 'route') return undefined
  const named = exchange ?? name
  return open ?? (named === undefined ? undefined : `exchange:${named}`)
}

/** What is opened and not in the picture is what it is drawn around. */
function useShown(data: TopologyJson | undefined, open: string | undefined): void {
  const [around, setAround] = useParam('around')
  const isMissing = data !== undefined && findNode(data, open) === undefined
  useEffect(() => {
    if (isMissing && open !== undefined && around === undefined) setAround(open)
  }, [isMissing, open, around])
}

function findNode(data: TopologyJson, id: string | undefined): TopologyNodeJson | undefined {
  if (id === undefined) return undefined
  return [...data.nodes, ...data.isolated].find((each) => each.id === id)
}

function Actions({ onDialog }: { readonly onDialog: (opened: Opened) => void }): JSX.Element {
  return (
    <>
      <Button onClick={() => onDialog({ kind: 'declare' })}>Declare an exchange</Button>
      <Button kind="primary" onClick={() => pushParams({ panel: 'route', open: undefined })}>
        Test a route
      </Button>
    </>
  )
}

interface FiltersProps {
  readonly data: TopologyJson | undefined
  readonly vhost: string
  readonly view: string
}

function Filters({ data, vhost, view }: FiltersProps): JSX.Element {
  const [around] = useParam('around')
  const [steps = '2'] = useParam('steps')
  const vhosts = useLive<readonly { readonly name: string }[]>('/vhosts?columns=name').data ?? []
  return (
    <>
      <FindNode data={data} vhost={vhost} />
      {vhosts.length > 1 && (
        <label class="field-inline">
          <span class="unseen">Virtual host</span>
          <select
            value={vhost}
            onChange={({ currentTarget }) => {
              setParams({ vhost: currentTarget.value, around: undefined, open: undefined })
            }}
          >
            {vhosts.map(({ name }) => (
              <option key={name} value={name}>
                {plainName(name)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Choice
        label="View"
        value={view}
        options={[
          { value: 'picture', label: 'Picture' },
          { value: 'list', label: 'List' },
        ]}
        onChange={(value) => setParams({ view: value })}
      />
      {around !== undefined && (
        <>
          <Chip
            label="what it is drawn around"
            onRemove={() => setParams({ around: undefined, steps: undefined })}
          >
            near {nameOfId(around)}
          </Chip>
          <Choice
            label="How far"
            value={steps}
            options={['1', '2', '3', '4'].map((value) => ({
              value,
              label: counted(Number(value), 'step'),
            }))}
            onChange={(value) => setParams({ steps: value })}
          />
        </>
      )}
      {data !== undefined && data.left_off > 0 && <LeftOff data={data} />}
    </>
  )
}

function LeftOff({ data }: { readonly data: TopologyJson }): JSX.Element {
  const [count, setCount] = useParam('count')
  return (
    <span class="soft">
      {counted(data.left_off, 'more thing')}{' '}
      {data.around === null ? 'with less traffic are not shown.' : 'are farther away.'}{' '}
      {count === undefined && data.nodes.length >= 150 && (
        <Button kind="quiet" onClick={() => setCount('400')}>
          Show up to 400
        </Button>
      )}
    </span>
  )
}

/** Finds a node by its name: of the picture at once, else what is near the one that has it. */
function FindNode({ data, vhost }: Pick<FiltersProps, 'data' | 'vhost'>): JSX.Element {
  const [text, setText] = useState('')
  const nodes = data === undefined ? [] : [...data.nodes, ...data.isolated]
  const lower = text.toLowerCase()
  const hits =
    text === '' ? [] : nodes.filter((node) => nodeName(node).toLowerCase().includes(lower))
  const show = (id: string): void => {
    setText('')
    pushParams({ open: id, panel: undefined })
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    const [first] = hits
    if (first !== undefined) show(first.id)
    else if (text !== '')
      void findId(vhost, text).then((id) => pushParams({ around: id, open: id }))
  }
  return (
    <form class="topology-find" onSubmit={submit}>
      <SearchField label="Find by name" value={text} onChange={setText} />
      {text !== '' && (
        <ul class="topology-hits" aria-label="What was found">
          {hits.slice(0, 8).map((node) => (
            <li key={node.id}>
              <button type="button" onClick={() => show(node.id)}>
                <span class="mono">{nodeName(node)}</span> <span class="soft">{node.kind}</span>
              </button>
            </li>
          ))}
          {hits.length === 0 && (
            <li>
              <button type="submit">Not in the picture: look for one of exactly that name</button>
            </li>
          )}
        </ul>
      )}
    </form>
  )
}

/** Of an exchange of that name if there is one, else of a queue or topic. */
async function findId(vhost: string, name: string): Promise<string> {
  const id = `exchange:${name}`
  const path = apiPath`/v1/topology/${vhost}` + query({ around: id, steps: 1, count: 1 })
  return ask('GET', path).then(
    () => id,
    () => `queue:${name}`,
  )
}

function nameOfId(id: string): string {
  const at = id.indexOf(':')
  return nodeName({ kind: id.slice(0, at) as TopologyNodeJson['kind'], name: id.slice(at + 1) })
}

interface ShownProps extends Pick<ContentProps, 'live' | 'view' | 'onDialog'> {
  readonly open: string | undefined
  readonly test: RouteTest | undefined
}

function Shown({ live, view, open, test, onDialog }: ShownProps): JSX.Element {
  const { data, problem, isStale } = live
  if (problem !== undefined) return <GoneNote problem={problem} />
  if (data === undefined) return <Skeleton lines={8} />
  if (data.nodes.length === 0 && data.around === null) return <NothingBound onDialog={onDialog} />
  const select = (id: string): void =>
    pushParams({ open: id === open ? undefined : id, panel: undefined })
  if (view === 'list') {
    const label = 'Exchanges, queues, topics and who reads them'
    return (
      <ListView nodes={data.nodes} edges={data.edges} openId={open} onOpen={select} label={label} />
    )
  }
  return <Picture data={data} isStale={isStale} open={open} test={test} onSelect={select} />
}

function GoneNote({ problem }: { readonly problem: Error }): JSX.Element {
  const [around] = useParam('around')
  if (around === undefined) return <ProblemNote problem={problem} />
  return (
    <Empty
      title={`${nameOfId(around)} is not here`}
      text="Nothing of that name is in this virtual host, or it was deleted."
      action={
        <Button onClick={() => setParams({ around: undefined, open: undefined })}>Show all</Button>
      }
    />
  )
}

function NothingBound({ onDialog }: Pick<ContentProps, 'onDialog'>): JSX.Element {
  return (
    <Empty
      title="Nothing leads anywhere yet"
      text="Here stand exchanges, the queues that they lead to, and who reads those, with what goes through."
      command="pabal bind amq.topic orders --key 'order.*'"
      action={<Button onClick={() => onDialog({ kind: 'declare' })}>Declare an exchange</Button>}
    />
  )
}

const noIds: ReadonlySet<string> = new Set()

interface PictureProps {
  readonly data: TopologyJson
  readonly isStale: boolean
  readonly open: string | undefined
  readonly test: RouteTest | undefined
  readonly onSelect: (id: string) => void
}

function Picture({ data, isStale, open, test, onSelect }: PictureProps): JSX.Element {
  const pictureKey = `${data.vhost}\n${data.around ?? ''}`
  // What was unfolded in another picture does not count.
  const [kept, setKept] = useState({ pictureKey, unfolded: noIds })
  const unfolded = kept.pictureKey === pictureKey ? kept.unfolded : noIds
  const { result, litSteps } = test ?? {}
  const lit = useMemo(
    () => (result === undefined ? undefined : litOf(result, litSteps ?? 0)),
    [result, litSteps],
  )
  // All that will be lit stands for itself from the start, so that nothing moves while it lights up.
  const wanted = useMemo(() => {
    const whole = result === undefined ? [] : litOf(result, result.steps.length).nodes
    return new Set([...unfolded, ...whole, ...(open === undefined ? [] : [open])])
  }, [unfolded, result, open])
  const graph = useMemo(() => fold(data.nodes, data.edges, wanted), [data, wanted])
  return (
    <Graph
      graph={graph}
      pictureKey={pictureKey}
      selected={open}
      lit={lit}
      isStale={isStale}
      onOpen={(id) => {
        if (!id.startsWith('folded:')) onSelect(id)
        else setKept({ pictureKey, unfolded: new Set([...unfolded, id]) })
      }}
    />
  )
}

/** What nothing leads to or from. */
function Isolated({ data }: { readonly data: TopologyJson }): JSX.Element | null {
  const { isolated, isolated_count: isolatedCount } = data
  if (isolatedCount === 0 || data.around !== null) return null
  const title: ComponentChildren = `${counted(isolatedCount, 'thing')} bound to nothing`
  return (
    <details class="topology-isolated">
      <summary>{title}</summary>
      <ul>
        {isolated.map((node) => (
          <li key={node.id}>
            <Chip onClick={() => pushParams({ open: node.id })}>
              <span class="mono">{nodeName(node)}</span> <span class="soft">{node.kind}</span>
            </Chip>
          </li>
        ))}
        {isolatedCount > isolated.length && (
          <li class="soft">and {counted(isolatedCount - isolated.length, 'more')}</li>
        )}
      </ul>
    </details>
  )
}
