// What happened to each message of a trace, step by step, with how long it waited and where.
import type { TraceEventJson } from '../../../src/admin/v1/trace-json.ts'
import { bytes, counted } from '../../lib/format.ts'
import { plainName } from '../../lib/show-name.ts'

/** How a step, or a message as a whole, is doing. */
export type StoryTone = 'plain' | 'good' | 'look' | 'bad'

export interface Step {
  readonly event: TraceEventJson
  /** A verb: `published`, `delivered to shop`. */
  readonly text: string
  /** What belongs to it, smaller. */
  readonly detail: string
  readonly tone: StoryTone
  /** Since what came before it in the same place; undefined for the first. */
  readonly wait: { readonly ms: number; readonly text: string } | undefined
}

export interface Story {
  readonly message: number
  readonly id: string | undefined
  readonly steps: readonly Step[]
  readonly startedAt: number
  readonly endedAt: number
  /** Where it is by now, or what became of it. */
  readonly outcome: { readonly text: string; readonly tone: StoryTone }
}

/** A story for each message, in the order in which they were first heard of. */
export function storiesOf(events: readonly TraceEventJson[]): Story[] {
  const byMessage = new Map<number, TraceEventJson[]>()
  for (const event of events) {
    const known = byMessage.get(event.message)
    if (known === undefined) byMessage.set(event.message, [event])
    else known.push(event)
  }
  return [...byMessage].map(([message, own]) => storyOf(message, own))
}

function storyOf(message: number, events: readonly TraceEventJson[]): Story {
  // Records of Kafka are looked into later than what came of them.
  const inOrder = events.toSorted((a, b) => a.at - b.at || a.sequence - b.sequence)
  const before = new Map<string, TraceEventJson>()
  const steps = inOrder.map((event, index): Step => {
    const known = event.event === 'durable' ? inOrder[0] : before.get(placeKey(event))
    const last = known ?? inOrder[index - 1]
    before.set(placeKey(event), event)
    const wait = last && {
      ms: Math.max(0, event.at - last.at),
      text: known ? waitText(last, event) : 'later',
    }
    return { event, ...wordsOf(event, known), wait }
  })
  return {
    message,
    id: events.find(({ message_id: id }) => id !== undefined)?.message_id,
    steps,
    startedAt: inOrder[0]?.at ?? 0,
    endedAt: inOrder.at(-1)?.at ?? 0,
    outcome: outcomeOf(inOrder),
  }
}

function placeKey({ stream, partition, offset }: TraceEventJson): string {
  return stream === undefined ? '' : JSON.stringify([stream, partition, offset])
}

/** `orders.new @16`. */
export function placeText({ stream, partition, offset }: TraceEventJson): string {
  if (stream === undefined) return ''
  const part = partition === undefined ? '' : ` partition ${partition}`
  return `${plainName(stream)}${part}${offset === undefined ? '' : ` @${offset}`}`
}

function waitText(last: TraceEventJson, event: TraceEventJson): string {
  if (event.event === 'durable') return 'until it was on disk'
  switch (last.event) {
    case 'routed':
    case 'returned':
    case 'found':
    case 'moved':
    case 'replayed':
      return 'waited there'
    case 'delivered':
    case 'got':
    case 'fetched':
      return 'with its reader'
    case 'delayed':
      return 'delayed'
    default:
      return 'later'
  }
}

type Words = Pick<Step, 'text' | 'detail' | 'tone'>

/** What is said of each event, and how it looks. */
const eventWords: Readonly<Record<TraceEventJson['event'], readonly [text: string, StoryTone]>> = {
  published: ['published', 'plain'],
  found: ['was there before the trace', 'plain'],
  routed: ['came to', 'plain'],
  unroutable: ['found no queue', 'bad'],
  refused: ['refused: the queue is full', 'bad'],
  repeated: ['dropped as a repeat', 'look'],
  delayed: ['waits at its exchange', 'plain'],
  due: ['is due', 'plain'],
  durable: ['is on disk', 'plain'],
  decided: ['its transaction was', 'plain'],
  answered: ['went straight to who asked', 'good'],
  delivered: ['delivered', 'plain'],
  got: ['taken', 'plain'],
  fetched: ['fetched', 'plain'],
  committed: ['read by', 'good'],
  acked: ['acked', 'good'],
  returned: ['given back', 'look'],
  rejected: ['rejected', 'bad'],
  died: ['died', 'bad'],
  dead_lettered: ['sent on as a dead letter', 'look'],
  kept: ['kept: no queue takes the dead letter', 'bad'],
  dropped: ['gone', 'bad'],
  moved: ['moved by a job to', 'plain'],
  replayed: ['replayed to', 'plain'],
  deleted: ['deleted', 'bad'],
  purged: ['purged', 'bad'],
  stream_deleted: ['deleted with its queue', 'bad'],
}

const deathWords: Readonly<Record<string, string>> = {
  expired: 'died: too old',
  maxlen: 'died: the queue was full',
  rejected: 'died: rejected',
  delivery_limit: 'died: came back too often',
}

/** `last` is what happened before in the same place. */
function wordsOf(event: TraceEventJson, last: TraceEventJson | undefined): Words {
  const [verb, tone] = eventWords[event.event]
  const { exchange, routing_key: key, group, reason } = event
  const parts = [...detailParts(event, last)]
  if (event.event === 'decided') {
    const isAborted = reason === 'aborted'
    const text = isAborted ? 'aborted with its transaction' : 'committed with its transaction'
    return { text, tone: isAborted ? 'bad' : 'good', detail: '' }
  }
  if (event.event === 'died') return { text: deathWords[reason ?? ''] ?? verb, tone, detail: '' }
  let text = verb
  if (event.event === 'published' || event.event === 'dead_lettered') {
    const name = exchange === '' ? 'the default exchange' : plainName(exchange ?? '')
    text = `${verb} to ${name}${key === undefined ? '' : ` with key ${plainName(key)}`}`
  } else if (event.event === 'committed') text = `${verb} group ${plainName(group ?? '')}`
  else if (reason !== undefined) parts.unshift(reason)
  return { text: `${text}${readerText(event)}`, detail: parts.join(' · '), tone }
}

function readerText({ event, user, client_id: client }: TraceEventJson): string {
  if (event !== 'delivered' && event !== 'got' && event !== 'fetched') return ''
  const reader = client ?? user
  if (reader === undefined) return ''
  return event === 'delivered' ? ` to ${plainName(reader)}` : ` by ${plainName(reader)}`
}

function* detailParts(event: TraceEventJson, last: TraceEventJson | undefined): Generator<string> {
  const { payload_bytes: size } = event
  if (event.redelivered === true) yield 'again'
  if (event.no_ack === true) yield 'without ack'
  const isSameParty =
    last?.connection === event.connection && last?.consumer_tag === event.consumer_tag
  if (!isSameParty) yield* partyParts(event)
  if (size !== undefined) yield size === 1 ? '1 byte' : bytes(size)
}

function* partyParts(event: TraceEventJson): Generator<string> {
  const { protocol, user, consumer_tag: tag, connection } = event
  if (protocol !== undefined) {
    yield `${user === undefined ? '' : `${plainName(user)} by `}${protocol}`
  }
  if (tag !== undefined) yield `consumer ${plainName(tag)}`
  if (connection !== undefined) yield connection
}

const endings: ReadonlySet<string> = new Set([
  'acked',
  'dropped',
  'deleted',
  'purged',
  'stream_deleted',
  'dead_lettered',
])

/** Of each place where it came to, what happened there last. */
function outcomeOf(events: readonly TraceEventJson[]): Story['outcome'] {
  const places = new Map<string, TraceEventJson>()
  for (const event of events) if (event.offset !== undefined) places.set(placeKey(event), event)
  const last = [...places.values()]
  const open = last.filter(({ event, reason, no_ack: noAck }) => {
    if (event === 'decided' && reason === 'aborted') return false
    return !endings.has(event) && event !== 'committed' && noAck !== true
  })
  const held = open.filter(({ event }) => event === 'delivered' || event === 'got')
  if (held.length > 0) return { text: `with a reader of ${streamsOf(held)}`, tone: 'plain' }
  const isAcked = last.some(({ event, no_ack: noAck }) => event === 'acked' || noAck === true)
  if (open.length > 0) {
    return {
      text: `${isAcked ? 'acked, and ' : ''}in ${streamsOf(open)}`,
      tone: isAcked ? 'good' : 'plain',
    }
  }
  const first = events.find(({ event }) => ['unroutable', 'refused', 'dropped'].includes(event))
  if (first !== undefined) return { text: eventWords[first.event][0], tone: 'bad' }
  if (last.some(({ event }) => event === 'committed')) return { text: 'read', tone: 'good' }
  if (isAcked) return { text: 'acked', tone: 'good' }
  const [, tone] = eventWords[events.at(-1)?.event ?? 'published']
  return { text: eventWords[events.at(-1)?.event ?? 'published'][0], tone }
}

function streamsOf(events: readonly TraceEventJson[]): string {
  const names = [...new Set(events.map(({ stream = '' }) => plainName(stream)))]
  return names.length <= 2 ? names.join(' and ') : counted(names.length, 'queue')
}
