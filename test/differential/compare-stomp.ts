// Scripts of STOMP frames have the same answers from Pabal and from RabbitMQ's plugin: the same frames with the same
// headers and bodies in the same order, and an end of the connection or none. What differs on purpose has its reason
// in the script.
import { errorCases, type SentFrame } from '../support/stomp/error-cases.ts'
import { RawStomp, type RawStompFrame } from '../support/stomp/raw-stomp.ts'
import type { Brokers } from './compare.ts'

interface StompScript {
  readonly name: string
  readonly version?: string
  readonly frames: readonly SentFrame[]
  /** Headers that differ, and why. */
  readonly differs?: string
  readonly ignored?: readonly string[]
  /** The connection ends. Nothing is sent behind: in RabbitMQ that is in a race with the end, and may take its place. */
  readonly isFatal?: boolean
}

/** A difference has to come each time: the reference may be in a race with itself. */
const triesMax = 3

/** Ends each script that leaves the connection open: what comes before its receipt is the script's. */
const lastReceipt = 'the-last'

const send = (
  destination: string,
  headers: Record<string, string> = {},
  body = 'x',
): SentFrame => ({
  command: 'SEND',
  headers: { destination, ...headers },
  body,
})

const subscribe = (destination: string, headers: Record<string, string> = {}): SentFrame => ({
  command: 'SUBSCRIBE',
  headers: { destination, id: '1', ...headers },
})

const messages: readonly StompScript[] = [
  ...['1.0', '1.1', '1.2'].map((version) => ({
    name: `MESSAGE in ${version}`,
    version,
    frames: [
      subscribe(`/queue/diff-${version}`, { ack: 'client' }),
      send(`/queue/diff-${version}`, {
        'content-type': 'text/plain',
        'content-encoding': 'identity',
        priority: '3',
        'correlation-id': 'c',
        'reply-to': '/queue/z',
        expiration: '60000',
        'amqp-message-id': 'm',
        timestamp: '1700000000',
        type: 't',
        'user-id': 'guest',
        'app-id': 'a',
        persistent: 'true',
        own: 'header',
      }),
    ],
  })),
  ...[
    '/topic/diff.a',
    '/topic/diff%2Fslash',
    '/exchange/amq.direct/diff',
    '/exchange/amq.fanout',
    '/exchange/amq.direct/kü y',
    'diff-bare',
  ].map((destination) => ({
    name: `to and from ${destination}`,
    frames: [subscribe(destination), send(destination)],
  })),
  {
    name: 'a subscription to two queues, and receipts',
    frames: [
      { command: 'SUBSCRIBE', headers: { destination: '/queue/diff-r', id: 'r', receipt: 'one' } },
      { command: 'UNSUBSCRIBE', headers: { id: 'r', receipt: 'two' } },
      { command: 'BEGIN', headers: { transaction: 't', receipt: 'three' } },
      { command: 'ABORT', headers: { transaction: 't', receipt: 'four' } },
    ],
  },
  {
    name: 'reply-to /temp-queue/ as others see it',
    frames: [
      subscribe('/queue/diff-reply'),
      send('/queue/diff-reply', { 'reply-to': '/temp-queue/a' }),
    ],
  },
  {
    name: 'a message without a body',
    frames: [subscribe('/queue/diff-empty'), send('/queue/diff-empty', {}, '')],
  },
  {
    name: 'headers of SEND that are for the broker',
    frames: [
      subscribe('/queue/diff-control'),
      send('/queue/diff-control', { ack: 'auto', 'content-length': '1', kept: 'yes' }),
    ],
    ignored: ['ack', 'content-length'],
    differs: 'there they go on to consumers',
  },
]

const errors: readonly StompScript[] = errorCases.flatMap(
  ({ name, frames, differs, isFatal = false }) =>
    differs === undefined ? [{ name, frames, isFatal }] : [],
)

interface StompDifference {
  readonly script: string
  readonly pabal: readonly string[]
  readonly reference: readonly string[]
}

export async function compareStomp(
  brokers: Brokers,
): Promise<{ readonly count: number; readonly differences: readonly StompDifference[] }> {
  const scripts = [...errors, ...messages]
  const results = await Promise.all(scripts.map((script) => compareScript(brokers, script)))
  return { count: scripts.length, differences: results.flat() }
}

async function compareScript(
  { pabal, reference }: Brokers,
  script: StompScript,
): Promise<readonly StompDifference[]> {
  let found: StompDifference[] = []
  for (let tries = 0; tries < triesMax; tries++) {
    const played = tries === 0 ? script : elsewhere(script, tries)
    const [ours, theirs] = await Promise.all([
      play(pabal.stompPort ?? 0, played),
      play(reference.stompPort ?? 0, played).catch((error: Error) => [String(error)]),
    ])
    if (JSON.stringify(ours) === JSON.stringify(theirs)) return []
    found = [{ script: script.name, pabal: ours, reference: theirs }]
  }
  return found
}

/** The script with queues of its own: what a try before has left does not come to it. */
function elsewhere(script: StompScript, tries: number): StompScript {
  const renamed = (value: string): string => value.replace(/\bdiff/, `diff${tries}`)
  const frames = script.frames.map(({ headers = {}, ...frame }) => ({
    ...frame,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, renamed(value)]),
    ),
  }))
  return { ...script, frames }
}

async function play(
  port: number,
  { version = '1.2', frames, ignored = [], isFatal = false }: StompScript,
): Promise<readonly string[]> {
  await using client = await RawStomp.connect(port, { version })
  for (const { command, headers, body } of frames) client.send(command, headers, body)
  // By a queue that is declared with it: the frames before have been handled.
  const last = { destination: '/queue/diff-last', id: 'last', receipt: lastReceipt }
  if (!isFatal) client.send('SUBSCRIBE', last)
  const seen: string[] = []
  const isOver = (isLast: boolean): boolean => isLast && !hasMessages(frames, seen)
  for (let isLast = false; !isOver(isLast);) {
    const frame = await client.next()
    if (frame === undefined) return [...seen, 'the end']
    if (frame.headers['receipt-id'] === lastReceipt) isLast = true
    else seen.push(describe(frame, ignored))
  }
  return seen
}

/** Messages may come after the last receipt. */
function hasMessages(frames: readonly SentFrame[], seen: readonly string[]): boolean {
  const isSubscribed = frames[0]?.command === 'SUBSCRIBE' && frames[1]?.command === 'SEND'
  return isSubscribed && seen.length === 0
}

function describe({ command, headers, body }: RawStompFrame, ignored: readonly string[]): string {
  const lines = Object.entries(headers)
    .filter(([name]) => !ignored.includes(name))
    .map(([name, value]) => `${name}:${withoutRandom(value)}`)
  return [command, ...lines.sort(), body].join(' | ')
}

function withoutRandom(value: string): string {
  return value.replace(/session-[\w-]{22}/, 'session-*').replace(/amq\.gen-[\w-]{22}/, 'amq.gen-*')
}
