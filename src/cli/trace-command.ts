// `pabal trace`: follows messages through the broker.
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { traceLimits } from '../limits/trace.ts'
import { collect, readPairs } from './arguments-option.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { findById } from './find-by-id.ts'
import { addListCommand, vhostOption } from './list-command.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { type OutputFormat, outputOption, printValue, readFormat, type Shown } from './show-rows.ts'
import type { Terminal } from './terminal.ts'
import { traceLine, type TraceEventRow } from './trace-lines.ts'

interface StartFlags {
  readonly messageId?: string
  readonly correlationId?: string
  readonly traceparent?: string
  readonly header?: readonly string[]
  readonly text?: string
  readonly exchange?: string
  readonly routingKey?: string
  readonly key?: string
  readonly in?: string
  readonly seconds?: string
  readonly detach?: boolean
  readonly vhost?: string
  readonly output?: string
}

interface Trace {
  readonly id: string
  readonly vhost: string
  readonly state: 'running' | 'ended'
  readonly ended_by?: string
}

interface Page {
  readonly state: Trace['state']
  readonly events: readonly TraceEventRow[]
  readonly next: number
}

const time = (ms: unknown): string => (typeof ms === 'number' ? new Date(ms).toISOString() : '')

const shown: Shown = {
  title: 'traces',
  columns: ['id', 'vhost', 'state', 'messages', 'events', 'ends_at', 'filter'],
  wideColumns: ['user', 'started_at', 'stream', 'ended_by', 'unseen'],
  heads: { ends_at: 'ends', started_at: 'started' },
  cells: { ends_at: time, started_at: time, filter: (filter) => JSON.stringify(filter) },
  nameKey: 'id',
}

const secondsDefault = 600
const waitMs = 10_000

export const addTraceCommands: AddCommand = (trace, remote) => {
  remote(trace, 'start', {
    summary: 'Follow the messages that fit all of these, and show what happens to them',
    ask: (_operands, flags) => start(flags as StartFlags),
  })
    .option('--message-id <ID>', 'The property message_id')
    .option('--correlation-id <ID>', 'The property correlation_id')
    .option('--traceparent <ID>', 'The header of W3C Trace Context, or the id of the trace in it')
    .option('-H, --header <NAME=VALUE>', 'A header; may be repeated', collect)
    .option('--text <TEXT>', 'Is in the payload')
    .option('--exchange <REGEX>', 'Published to such an exchange')
    .option('--routing-key <REGEX>', 'Published with such a key')
    .option('--key <KEY>', 'The key that Kafka sees')
    .option('--in <STREAM>', 'Look for such messages that are in this queue or stream already')
    .option('--seconds <N>', `How long to follow them (default: ${secondsDefault})`)
    .option('--detach', 'Show only the id, and leave it running')
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText(
      'after',
      `
Ctrl-C ends the trace. What it has noted: pabal trace show <ID>`,
    )
  addListCommand(trace, remote, {
    ...shown,
    summary: 'Show all traces',
    hasVHosts: false,
    path: () => ['v1', 'traces'],
  })
  remote(trace, 'show <ID>', {
    summary: 'Show what a trace has noted',
    ask: ([id = ''], { follow, output }) =>
      show(id, follow === true, readFormat(output as string | undefined)),
  })
    .option('-f, --follow', 'Go on until it ends')
    .option(...outputOption)
  remote(trace, 'stop <ID>', {
    summary: 'End a trace; what it has noted stays',
    ask: ([id = '']) => end(id, 'stopped'),
  })
  remote(trace, 'delete <ID>', {
    summary: 'End a trace and forget it',
    ask: ([id = '']) => end(id, 'deleted'),
  }).alias('rm')
}

function start(flags: StartFlags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  const format = readFormat(flags.output)
  const stream = flags.in === undefined ? undefined : checkName('stream', flags.in)
  const seconds = readSeconds(flags.seconds ?? `${secondsDefault}`)
  return async (broker, terminal) => {
    const body = { filter: filterOf(flags), seconds, stream }
    const answer = await broker.ask('POST', ['v1', 'traces', vhost], body)
    if (answer.status === 404 && flags.in !== undefined) {
      throw new ExitError(exitCodes.noInput, `there is no queue or stream '${flags.in}'`)
    }
    if (answer.status >= 400) throw refusal(answer, 'nothing is traced')
    const trace = answer.body as Trace
    if (flags.detach === true) {
      terminal.print(trace.id)
      return exitCodes.ok
    }
    terminal.tell(`Trace ${trace.id} runs for ${seconds} s; Ctrl-C ends it`)
    return await followOwn(broker, trace, format, terminal)
  }
}

/** What was begun here ends with this program. */
async function followOwn(
  broker: BrokerClient,
  trace: Trace,
  format: OutputFormat,
  terminal: Terminal,
): Promise<ExitCode> {
  const stop = (): void => {
    // The second signal ends the program, as it does without us.
    void broker
      .ask('POST', ['v1', 'traces', trace.vhost, trace.id, 'stop'], {})
      .catch(() => undefined)
  }
  for (const signal of stopSignals) process.once(signal, stop)
  try {
    await follow(broker, trace, { format, isLive: true }, terminal)
  } finally {
    for (const signal of stopSignals) process.off(signal, stop)
  }
  return exitCodes.ok
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const

function show(id: string, isLive: boolean, format: OutputFormat): AskBroker {
  return async (broker, terminal) => {
    await follow(broker, await findById<Trace>(broker, 'trace', id), { format, isLive }, terminal)
    return exitCodes.ok
  }
}

interface Following {
  readonly format: OutputFormat
  /** Until the trace ends. */
  readonly isLive: boolean
}

/** JSON and YAML are one value, at the end; all else is shown as it comes. */
async function follow(
  broker: BrokerClient,
  { vhost, id }: Trace,
  { format, isLive }: Following,
  terminal: Terminal,
): Promise<void> {
  const isWhole = format === 'json' || format === 'yaml'
  const all: TraceEventRow[] = []
  let after = 0
  for (;;) {
    const answer = await broker.get(['v1', 'traces', vhost, id, 'events'], {
      after: `${after}`,
      wait_ms: isLive ? `${waitMs}` : '0',
    })
    if (answer.status >= 400) throw refusal(answer, `trace ${id} cannot be seen any more`)
    const { state, events, next } = answer.body as Page
    if (isWhole) all.push(...events)
    else for (const event of events) terminal.print(lineOf(event, format))
    const isAtEnd = next === after
    after = next
    if (isAtEnd && (state === 'ended' || !isLive)) break
  }
  if (isWhole) await printValue(all, format, terminal)
  else if (after === 0) terminal.tell(`Trace ${id} has met no message`)
}

function lineOf(event: TraceEventRow, format: OutputFormat): string {
  if (format === 'ndjson') return JSON.stringify(event)
  return format === 'name' ? event.event : traceLine(event)
}

function end(id: string, as: 'stopped' | 'deleted'): AskBroker {
  return async (broker, { print }) => {
    const { vhost } = await findById<Trace>(broker, 'trace', id)
    const path = ['v1', 'traces', vhost, id]
    const answer =
      as === 'deleted'
        ? await broker.ask('DELETE', path)
        : await broker.ask('POST', [...path, 'stop'], {})
    if (answer.status >= 400) throw refusal(answer, `trace ${id} is as it was`)
    print(`Trace ${id} is ${as}`)
    return exitCodes.ok
  }
}

function filterOf(flags: StartFlags): Record<string, unknown> {
  const headers = Object.entries(readPairs('--header', flags.header))
  const filter = {
    message_id: flags.messageId,
    correlation_id: flags.correlationId,
    traceparent: flags.traceparent,
    text: flags.text,
    exchange: flags.exchange,
    routing_key: flags.routingKey,
    key: flags.key,
    ...(headers.length > 0 && {
      headers: headers.map(([name, value]) => ({ name, is: 'equals', value })),
    }),
  }
  if (Object.values(filter).some((condition) => condition !== undefined)) return filter
  throw new ExitError(
    exitCodes.usage,
    'name the messages to follow: --message-id, --correlation-id, --traceparent, --header, --text, --exchange, --routing-key or --key',
  )
}

function readSeconds(text: string): number {
  const { secondsMax } = traceLimits
  const seconds = /^\d+$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= secondsMax) return seconds
  throw new ExitError(
    exitCodes.usage,
    `--seconds cannot be '${text}': use a number from 1 to ${secondsMax}`,
  )
}
