// One node of the picture: what it is, what is wrong with it, what leads to it and where it leads.
import type { ComponentChildren, JSX } from 'preact'
import type {
  TopologyBindingJson,
  TopologyEdgeJson,
  TopologyNodeJson,
} from '../../../src/admin/v1/topology-json.ts'
import { counted } from '../../lib/format.ts'
import { pushParams, setParams, urlOf } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Name, Num, Rate } from '../../parts/values.tsx'
import type { Opened } from './dialogs.tsx'
import { openTester } from './route-panel.tsx'
import { bindingText, edgeText, kindText, nodeName, notesOf } from './words.ts'

export interface NodePanelProps {
  readonly node: TopologyNodeJson
  readonly edges: readonly TopologyEdgeJson[]
  readonly vhost: string
  readonly onClose: () => void
  readonly onDialog: (opened: Opened) => void
}

export function NodePanel(props: NodePanelProps): JSX.Element {
  const { node, edges, vhost, onClose, onDialog } = props
  const notes = notesOf(node)
  const into = edges.filter(({ to }) => to === node.id)
  const outOf = edges.filter(({ from }) => from === node.id)
  return (
    <Panel
      title={
        node.kind === 'exchange' && node.name === '' ? (
          nodeName(node)
        ) : (
          <Name value={node.name} isCopied />
        )
      }
      label={nodeName(node)}
      actions={<NodeActions node={node} vhost={vhost} onDialog={onDialog} />}
      onClose={onClose}
    >
      {notes.map(({ text, tone, hint }) => (
        <p key={text} class="node-note">
          <Badge tone={tone}>{text}</Badge> {hint}
        </p>
      ))}
      <Facts facts={[...factsOf(node)]} />
      {node.kind !== 'client' && node.kind !== 'group' && (
        <Links title="What leads here" end="from" edges={into} vhost={vhost} onDialog={onDialog} />
      )}
      {into.length > 0 && (node.kind === 'client' || node.kind === 'group') && (
        <Links title="What it reads" end="from" edges={into} vhost={vhost} onDialog={onDialog} />
      )}
      {node.kind !== 'client' && node.kind !== 'group' && (
        <Links title="Where it leads" end="to" edges={outOf} vhost={vhost} onDialog={onDialog} />
      )}
      {node.hidden > 0 && (
        <p class="soft">
          {counted(node.hidden, 'link')} to what is not in the picture.{' '}
          <Button kind="quiet" onClick={() => setParams({ around: node.id, q: undefined })}>
            Show what is near
          </Button>
        </p>
      )}
    </Panel>
  )
}

type ActionProps = Pick<NodePanelProps, 'node' | 'vhost' | 'onDialog'>

function NodeActions({ node, vhost, onDialog }: ActionProps): JSX.Element {
  const { kind, name, flags } = node
  const isOwn = kind === 'exchange' && name !== '' && !name.startsWith('amq.')
  const isThere = !flags.includes('missing')
  return (
    <>
      {kind === 'exchange' && isThere && !flags.includes('internal') && (
        <Button onClick={() => openTester(name)}>Test a route</Button>
      )}
      {kind === 'exchange' && isThere && name !== '' && (
        <Button onClick={() => onDialog({ kind: 'bind', source: name })}>Add binding</Button>
      )}
      {(kind === 'queue' || kind === 'topic') && (
        <ButtonLink to={urlOf('/stream', { vhost, name })}>Open {kind}</ButtonLink>
      )}
      {(kind === 'queue' || kind === 'topic') && (
        <ButtonLink to={urlOf('/stream/messages', { vhost, name })}>Messages</ButtonLink>
      )}
      <Button onClick={() => pushParams({ around: node.id })}>Only what is near</Button>
      {isOwn && isThere && (
        <Button kind="quiet" onClick={() => onDialog({ kind: 'delete', exchange: name })}>
          Delete exchange
        </Button>
      )}
    </>
  )
}

function* factsOf(node: TopologyNodeJson): Generator<Fact> {
  const { kind, flags } = node
  yield { name: 'Kind', value: kindText(node) }
  if (flags.includes('missing')) return
  if (kind === 'client') {
    yield { name: 'Consumers', value: <Num value={node.consumers} /> }
    return
  }
  if (kind === 'group') {
    yield { name: 'Members', value: <Num value={node.consumers} /> }
    yield { name: 'Behind', value: <Num value={node.messages} hint="Messages not read yet" /> }
    return
  }
  const isExchange = kind === 'exchange'
  yield {
    name: isExchange ? 'Published to it' : 'Coming in',
    value: <Rate value={node.in} hint={isExchange ? 'publish_in' : 'publish'} />,
  }
  yield {
    name: isExchange ? 'Copies that went to queues' : 'Going out',
    value: <Rate value={node.out} hint={isExchange ? 'publish_out' : 'deliver, get and fetched'} />,
  }
  if (isExchange) {
    yield {
      name: 'Unroutable',
      value: <Num value={node.unroutable} />,
      hint: 'Found no queue since the broker started: drop_unroutable and return_unroutable',
    }
    if (node.delayed > 0) yield { name: 'Delayed', value: <Num value={node.delayed} /> }
  } else {
    yield { name: 'Messages', value: <Num value={node.messages} /> }
    yield { name: 'Ready', value: <Num value={node.ready} /> }
    yield { name: 'Consumers', value: <Num value={node.consumers} /> }
  }
  const words = flags.flatMap((flag) => flagWords[flag] ?? [])
  if (words.length > 0) yield { name: 'Also', value: words.join(', ') }
}

const flagWords: Partial<Record<TopologyNodeJson['flags'][number], string>> = {
  auto_delete: 'goes with its last user',
  deduplicates: 'drops repeats',
  exclusive: 'of one connection',
  internal: 'only for other exchanges',
  keeps_acked: 'keeps what was acked',
  transient: 'goes with a restart',
}

interface LinksProps extends Pick<NodePanelProps, 'edges' | 'vhost' | 'onDialog'> {
  readonly title: string
  /** Which end of the edges is told. */
  readonly end: 'from' | 'to'
}

function Links({ title, end, edges, vhost, onDialog }: LinksProps): JSX.Element {
  return (
    <Section title={title}>
      {edges.length === 0 && <p class="soft">Nothing.</p>}
      <ul class="node-links">
        {edges.map((edge) => (
          <LinkLine
            key={`${edge.kind} ${edge.from} ${edge.to}`}
            edge={edge}
            end={end}
            vhost={vhost}
            onDialog={onDialog}
          />
        ))}
      </ul>
    </Section>
  )
}

interface LinkLineProps extends Omit<LinksProps, 'title' | 'edges'> {
  readonly edge: TopologyEdgeJson
}

function LinkLine({ edge, end, vhost, onDialog }: LinkLineProps): JSX.Element {
  const { from, to, kind, bindings, count: bound } = edge
  const other = edge[end]
  const nameIn = (id: string): string => id.slice(id.indexOf(':') + 1)
  const ends = {
    vhost,
    source: nameIn(from),
    destination: nameIn(to),
    isToExchange: to.startsWith('exchange:'),
  }
  const remove = (binding: TopologyBindingJson): void => onDialog({ kind: 'unbind', ends, binding })
  return (
    <li>
      <button type="button" class="node-link" onClick={() => setParams({ open: other })}>
        {other === 'exchange:' ? 'default exchange' : plainName(nameIn(other))}
      </button>
      <LinkReason>{kind === 'binding' ? '' : edgeText(edge) || linkWords[kind]}</LinkReason>
      {bindings.length > 0 && (
        <ul class="node-bindings">
          {bindings.map((binding) => (
            <li key={binding.properties_key}>
              <span class="mono">{bindingText(binding) || 'empty key'}</span>
              <button
                type="button"
                class="copy"
                aria-label={`Remove binding ${bindingText(binding) || 'with the empty key'}`}
                onClick={() => remove(binding)}
              >
                remove
              </button>
            </li>
          ))}
          {bound > bindings.length && (
            <li class="soft">and {counted(bound - bindings.length, 'more binding')}</li>
          )}
        </ul>
      )}
    </li>
  )
}

const linkWords: Partial<Record<TopologyEdgeJson['kind'], string>> = { read: 'consumes' }

function LinkReason({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <span class="soft"> {children}</span>
}
