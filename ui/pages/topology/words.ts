// What the picture says in words: of a node, of an edge, and of all together.
import type {
  TopologyBindingJson,
  TopologyEdgeJson,
  TopologyNodeJson,
} from '../../../src/admin/v1/topology-json.ts'
import type { TopologyJson } from '../../../src/admin/v1/topology-operation.ts'
import { count, counted, rate, short } from '../../lib/format.ts'
import { plainName } from '../../lib/show-name.ts'
import type { DrawnNode, FoldedNode } from './fold.ts'

export type NoteTone = 'plain' | 'look' | 'bad'

/** What there is to say of a node before anything else. */
export interface Note {
  readonly tone: NoteTone
  /** A few words. */
  readonly text: string
  /** What it means and what to do. */
  readonly hint: string
}

/** What is wrong with a node, the worst first. */
export function notesOf(node: TopologyNodeJson): Note[] {
  return [...badNotes(node), ...lookNotes(node)]
}

function* badNotes({ flags, kind, unroutable }: TopologyNodeJson): Generator<Note> {
  if (flags.includes('missing')) {
    const hint = 'Something names it, and it is not there: what is sent to it is gone. Declare it.'
    yield { tone: 'bad', text: 'not there', hint }
  }
  if (flags.includes('unroutable')) {
    const hint =
      'So many messages found no queue since the broker started: they were dropped, or returned to ' +
      'publishers that asked for that (drop_unroutable, return_unroutable).'
    yield { tone: 'bad', text: `${count(unroutable)} unroutable`, hint }
  }
  if (flags.includes('full') && kind !== 'exchange') {
    yield { tone: 'bad', text: 'full', hint: 'It refuses messages until some were taken.' }
  }
}

function* lookNotes({ flags, kind, messages }: TopologyNodeJson): Generator<Note> {
  if (kind === 'exchange' && flags.includes('unbound')) {
    const hint = 'Nothing is bound to it and it has no alternate: what is published to it is gone.'
    yield { tone: 'look', text: 'leads nowhere', hint }
  }
  if (kind === 'queue' && flags.includes('no_consumers')) {
    const isWaiting = messages > 0
    const hint = isWaiting ? 'Messages wait, and nobody consumes.' : 'It is empty.'
    yield { tone: isWaiting ? 'look' : 'plain', text: 'nobody consumes', hint }
  }
  if (kind === 'group' && flags.includes('no_consumers')) {
    const tone = messages > 0 ? 'look' : 'plain'
    yield { tone, text: 'nobody in it', hint: 'The group has its place, and no member.' }
  }
}

/** The worst that there is to say of a node; undefined where all is well. */
export function worstNote(node: TopologyNodeJson): Note | undefined {
  const notes = notesOf(node)
  return notes.find(({ tone }) => tone === 'bad') ?? notes.find(({ tone }) => tone === 'look')
}

/** The worst that there is to say of those that are folded. */
export function foldedNote({ members }: FoldedNode): Note | undefined {
  const notes = members.flatMap((member) => worstNote(member) ?? [])
  return notes.find(({ tone }) => tone === 'bad') ?? notes[0]
}

const kindWords: Record<TopologyNodeJson['kind'], string> = {
  exchange: 'exchange',
  queue: 'queue',
  topic: 'topic',
  client: 'client',
  group: 'group',
}

/** `topic exchange`, `quorum queue`, `client by AMQP 0-9-1`. */
export function kindText({ kind, type, flags }: TopologyNodeJson): string {
  if (flags.includes('missing')) return 'exchange'
  if (kind === 'exchange') return `${type} exchange`
  if (kind === 'queue') return type === 'classic' ? 'queue' : `${type} queue`
  if (kind === 'client') return `client by ${type}`
  return kind === 'group' ? 'Kafka group' : kindWords[kind]
}

/** The default exchange has no name. */
export function nodeName({ kind, name }: Pick<TopologyNodeJson, 'kind' | 'name'>): string {
  return kind === 'exchange' && name === '' ? 'default exchange' : plainName(name)
}

/** The second line of a node: what is wrong, else what moves, else what it is. */
export function secondLine(node: TopologyNodeJson): string {
  const note = worstNote(node)
  const parts = [note?.text, ...numbersOf(node)].filter((part) => part !== undefined)
  return parts.length === 0 ? kindText(node) : parts.slice(0, 3).join(' · ')
}

function* numbersOf(node: TopologyNodeJson): Generator<string> {
  const { kind, in: incoming, out, messages, consumers } = node
  if (kind === 'client') yield counted(consumers, 'consumer')
  else if (kind === 'group') yield messages === 0 ? 'has read all' : `${short(messages)} behind`
  else if (kind === 'exchange') {
    yield kindText(node).replace(' exchange', '')
    if (node.delayed > 0) yield `${short(node.delayed)} delayed`
    if (incoming > 0) yield `${rate(incoming)} in`
  } else {
    const isMoving = incoming > 0 || out > 0
    if (messages > 0) yield isMoving ? short(messages) : counted(messages, 'message')
    else if (!isMoving) yield 'empty'
    if (isMoving) yield `${rate(incoming)} in`
    if (out > 0) yield `${rate(out)} out`
  }
}

/** All of it, for those who hear it. */
export function spoken(node: TopologyNodeJson): string {
  const notes = notesOf(node).map(({ text }) => text)
  return [nodeName(node), kindText(node), ...notes, ...numbersOf(node)].join(', ')
}

/** How many links of a node lead to what is not drawn: `+13`; empty for none. */
export function hiddenText(node: DrawnNode): string {
  return node.kind === 'folded' || node.hidden === 0 ? '' : `+${count(node.hidden)}`
}

/** `34 more queues`. */
export function foldedText({ of, members }: FoldedNode): string {
  return counted(members.length, `more ${kindWords[of]}`)
}

/** What no message is compared with: a subscription of MQTT has its options there. */
const unasked: readonly string[] = ['x-match', 'x-mqtt-subscription-opts']

/** What a binding asks of a message: `order.*`, `region=eu`, or that all pass. */
export function bindingText({ routing_key: key, arguments: args }: TopologyBindingJson): string {
  const entries = Object.entries(args)
  const match = args['x-match']
  const asked = entries
    .filter(([name]) => !unasked.includes(name))
    .map(([name, value]) => (value === null ? name : `${name}=${textOf(value)}`))
  const headers = asked.join(match === 'any' || match === 'any-with-x' ? ' or ' : ' and ')
  if (headers === '') return key === '' ? '' : plainName(key)
  return key === '' ? headers : `${plainName(key)} ${headers}`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What stands on an edge. */
export function edgeText(edge: TopologyEdgeJson): string {
  const parts = [reasonOf(edge)]
  if (edge.rate !== null && edge.rate > 0) parts.push(rate(edge.rate))
  return parts.filter((part) => part !== '').join(' · ')
}

function reasonOf({
  kind,
  bindings,
  count: bound,
  routing_key: key,
  lag,
}: TopologyEdgeJson): string {
  switch (kind) {
    case 'binding': {
      const [first] = bindings
      const text = first === undefined ? '' : bindingText(first)
      return bound > 1 ? `${text === '' ? 'all' : text} +${bound - 1}` : text
    }
    case 'default':
      return 'by its name'
    case 'alternate':
      return 'what nothing matches'
    case 'dead_letter':
      return key === null ? 'dead letters' : `dead letters as ${plainName(key)}`
    case 'source':
      return 'source'
    default:
      return lag !== null && lag > 0 ? `${short(lag)} behind` : ''
  }
}

/** The same in full: each of several bindings, as far as they are known. */
export function fullEdgeText(edge: TopologyEdgeJson): string {
  const { kind, bindings, count: bound } = edge
  if (kind !== 'binding' || bindings.length < 2) return edgeText(edge)
  const left = bound - bindings.length
  const lines = bindings.map((binding) => bindingText(binding) || 'all')
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n')
}

/** What matters most, as a sentence. */
export function saysOf(topology: TopologyJson): string {
  const { nodes, totals, isolated_count: isolated, left_off: leftOff } = topology
  const lost = nodes.filter(({ flags }) => flags.includes('unroutable'))
  const missing = nodes.filter(({ flags }) => flags.includes('missing'))
  const unread = nodes.filter((node) => {
    return node.kind === 'queue' && node.messages > 0 && node.flags.includes('no_consumers')
  })
  const sentences: string[] = []
  if (lost.length > 0) {
    const messages = lost.reduce((sum, { unroutable }) => sum + unroutable, 0)
    sentences.push(`${counted(messages, 'message')} found no queue at ${theOnly(lost, 'exchange')}`)
  }
  if (missing.length > 0) {
    const verb = missing.length === 1 ? 'is' : 'are'
    sentences.push(`${theOnly(missing, 'exchange')} ${verb} named and not there`)
  }
  if (unread.length > 0) {
    const messages = unread.reduce((sum, node) => sum + node.messages, 0)
    const what = `${theOnly(unread, 'queue')} with ${counted(messages, 'message')}`
    sentences.push(`nobody consumes ${what}`)
  }
  if (sentences.length === 0) {
    const isWhole = leftOff === 0
    const drawn = (...kinds: readonly string[]): number =>
      nodes.filter(({ kind }) => kinds.includes(kind)).length
    const exchanges = isWhole ? drawn('exchange') : totals.exchanges
    const streams = isWhole ? drawn('queue', 'topic') : totals.queues + totals.topics
    const [from, to] = [
      counted(exchanges, 'exchange'),
      counted(streams, 'queue or topic', 'queues and topics'),
    ]
    const verb = exchanges === 1 ? 'leads' : 'lead'
    sentences.push(`${from} ${verb} to ${to}, by ${counted(totals.bindings, 'binding')}`)
  }
  if (isolated > 0) sentences.push(`${counted(isolated, 'thing')} bound to nothing`)
  const text = sentences.join('; ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `the exchange orders`, `3 exchanges`. */
function theOnly(nodes: readonly TopologyNodeJson[], word: string): string {
  const [only] = nodes
  if (nodes.length > 1 || only === undefined) return counted(nodes.length, word)
  return only.name === '' ? nodeName(only) : `the ${word} ${nodeName(only)}`
}

/** As many letters as there is room for. */
export function cut(text: string, lettersMost: number): string {
  const letters = Array.from(text)
  return letters.length <= lettersMost ? text : `${letters.slice(0, lettersMost - 1).join('')}…`
}
