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
  /** The connection ends: in RabbitMQ what was sent meanwhile may be answered before. */
  readonly isFatal?: boolean
}

/** Ends each script: what comes before its receipt is the script's. */
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

export async function compareStomp({
  pabal,
  reference,
}: Brokers): Promise<{ readonly count: number; readonly differences: readonly unknown[] }> {
  const scripts = [...errors, ...messages]
  const results = await Promise.all(
    scripts.map(async (script) => {
      const [ours, theirs] = await Promise.all([
        play(pabal.stompPort ?? 0, script),
        play(reference.stompPort ?? 0, script),
      ])
      const isSame = JSON.stringify(ours) === JSON.stringify(theirs)
      return isSame ? [] : [{ script: script.name, pabal: ours, reference: theirs }]
    }),
  )
  return { count: scripts.length, differences: results.flat() }
}

async function play(
  port: number,
  { version = '1.2', frames, ignored = [], isFatal = false }: StompScript,
): Promise<readonly string[]> {
  await using client = await RawStomp.connect(port, { version })
  for (const { command, headers, body } of frames) client.send(command, headers, body)
  // By a queue that is declared with it: the frames before have been handled.
  client.send('SUBSCRIBE', { destination: '/queue/diff-last', id: 'last', receipt: lastReceipt })
  const seen: string[] = []
  const isOver = (isLast: boolean): boolean => !isFatal && isLast && !hasMessages(frames, seen)
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
