// `pabal top`: the broker and its queues, again each second; a snapshot where nobody looks.
import { type Clock, systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { wait } from '../../lib/wait.ts'
import { topLimits } from '../../limits/top.ts'
import type { BrokerClient } from '../broker-client.ts'
import type { AddCommand } from '../remote-command.ts'
import { type OutputFormat, outputOption, printValue, readFormat } from '../show-rows.ts'
import type { Terminal } from '../terminal.ts'
import { frameLines } from './frame.ts'
import { firstState, press } from './keys.ts'
import { compareLooks, type Look, takeLook, type View } from './look.ts'
import { type KeyInput, Screen, type ScreenOutput } from './screen.ts'

export const addTopCommand: AddCommand = (command, remote) => {
  remote(command, '', {
    ask: (_operands, flags) => {
      const output = flags['output'] as string | undefined
      const format = readFormat(output)
      return async (broker, terminal) => {
        const isLive = output === undefined && terminal.isResultSeen && process.stdin.isTTY
        if (isLive) await watch(broker)
        else await showSnapshot(broker, format, terminal)
        return exitCodes.ok
      }
    },
  })
    .option(...outputOption)
    .addHelpText(
      'after',
      `
Keys: left and right choose what queues are sorted by, r turns the order round, up and down
scroll, q ends it. Piped on or with --output it shows one second and ends.`,
    )
}

/** The terminal gets its screen back however it ends. */
async function watch(broker: BrokerClient): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  const { stdin, stdout } = process
  await showLive(broker, systemClock, { stdin, stdout, signal: stop.signal })
}

async function showSnapshot(
  broker: BrokerClient,
  format: OutputFormat,
  terminal: Terminal,
): Promise<void> {
  const { order } = firstState
  const before = await takeLook(broker, systemClock, order)
  await wait(systemClock, topLimits.lookMs)
  const view = compareLooks(before, await takeLook(broker, systemClock, order))
  if (format === 'json' || format === 'yaml') await printValue(view, format, terminal)
  else if (format === 'ndjson') terminal.print(JSON.stringify(view))
  else if (format === 'name') for (const { name } of view.queues) terminal.print(name)
  else {
    const queuesMax = format === 'wide' ? topLimits.queuesMax : topLimits.snapshotQueuesMax
    for (const line of frameLines(view, order, { queuesMax })) terminal.print(line)
  }
}

interface Streams {
  readonly stdin: KeyInput
  readonly stdout: ScreenOutput
  readonly signal: AbortSignal
}

/** Until q is pressed or `signal` is given. A broker that does not answer is asked again. */
export async function showLive(
  broker: BrokerClient,
  clock: Clock,
  { stdin, stdout, signal }: Streams,
): Promise<void> {
  let state = firstState
  let pressed = Promise.withResolvers<void>()
  let view: View | undefined
  let trouble = ''
  const draw = (): void => {
    const room = Math.max(screen.rows - headLines - 2, 0)
    const lines =
      view === undefined
        ? []
        : frameLines(view, state.order, { queuesMax: room, skipped: state.skipped })
    screen.show([...lines, '', trouble || help], view === undefined ? -1 : headLines - 1)
  }
  using screen = new Screen(stdin, stdout, (key) => {
    state = press(state, key)
    pressed.resolve()
  })
  const onStop = (): void => {
    state = { ...state, hasEnded: true }
    pressed.resolve()
  }
  signal.addEventListener('abort', onStop)
  // The first look is compared with itself: its rates are 0.
  let before: Look | undefined
  while (!state.hasEnded) {
    const { order } = state
    try {
      const now = await takeLook(broker, clock, order)
      view = compareLooks(before ?? now, now)
      before = now
      trouble = ''
    } catch (error) {
      if (!(error instanceof ExitError)) throw error
      trouble = error.message
    }
    draw()
    const over = clock.monotonic() + topLimits.lookMs
    while (!state.hasEnded && state.order === order && clock.monotonic() < over) {
      pressed = Promise.withResolvers<void>()
      await Promise.race([pressed.promise, wait(clock, over - clock.monotonic())])
      draw()
    }
  }
}

/** Those of a frame above its queues. */
const headLines = 7
const help = '← → sort   r reverse   ↑ ↓ scroll   q quit'
