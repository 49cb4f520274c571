// `pabal tail`: messages of a queue or topic as they come, which stay as they are. It goes on where it was when the
// broker was away.
import type { IncomingMessage } from 'node:http'
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { tailLimits } from '../limits/tail.ts'
import { type Answer, type BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { readEvents } from './event-stream.ts'
import { vhostOption } from './list-command.ts'
import { addFilterOptions, filterOf, type FilterFlags } from './message-filter-flags.ts'
import { kinds, notThere } from './not-there.ts'
import { MessagePrinter, type TailedMessage } from './print-messages.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

interface Flags extends FilterFlags {
  readonly vhost?: string
  readonly from?: string
  readonly lines?: string
  readonly count?: string
  readonly partition?: string
  readonly output?: string
}

export const addTailCommand: AddCommand = (command, remote) => {
  remote(command, '<NAME>', { ask: ([name = ''], flags) => tail(name, flags as Flags) })
    .option(
      '--from <PLACE>',
      'next, earliest, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h (default: next)',
    )
    .option('-n, --lines <N>', 'Begin with the last N of each partition')
    .option('--count <N>', 'End after so many')
    .option('--partition <N>', 'The only one of several')
    .option(...vhostOption)
    .option(...outputOption)
    .addHelpText(
      'after',
      `
Messages stay as they are, and it ends with Ctrl-C. When the broker is away it waits and goes
on where it was. Examples: tail orders -n 10
                           tail events --from 1h --text A-113 -o ndjson`,
    )
  addFilterOptions(command)
}

interface Plan {
  readonly name: string
  readonly vhost: string
  readonly parameters: Readonly<Record<string, string>>
  readonly countMax: number
  readonly printer: MessagePrinter
}

function tail(name: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  const format = readFormat(flags.output)
  const parameters = parametersOf(flags)
  const countMax = flags.count === undefined ? Infinity : readNumber('--count', flags.count)
  return async (broker, terminal) => {
    const printer = new MessagePrinter(format, terminal)
    await new Follower(broker, terminal, { name, vhost, parameters, countMax, printer }).run()
    return exitCodes.ok
  }
}

function parametersOf(flags: Flags): Record<string, string> {
  const { from, lines, partition } = flags
  if (lines !== undefined && from !== undefined && from !== 'last') {
    throw new ExitError(exitCodes.usage, '--lines is where it begins: leave --from out')
  }
  const filter = filterOf(flags)
  const count = lines === undefined ? undefined : readNumber('--lines', lines)
  return {
    ...(from !== undefined && { from }),
    ...(count !== undefined && { from: 'last', count: `${count}` }),
    ...(partition !== undefined && { partition }),
    ...(filter !== undefined && { filter }),
  }
}

function readNumber(flag: string, text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number >= 1) return number
  throw new ExitError(exitCodes.usage, `${flag} cannot be '${text}': use a number from 1 on`)
}

class Follower {
  readonly #broker: BrokerClient
  readonly #terminal: Terminal
  readonly #plan: Plan
  #lastId: string | undefined
  #count = 0
  /** It has been said that the broker is away. */
  #isAway = false

  constructor(broker: BrokerClient, terminal: Terminal, plan: Plan) {
    this.#broker = broker
    this.#terminal = terminal
    this.#plan = plan
  }

  /** Resolves when so many messages were shown as were asked for. */
  async run(): Promise<void> {
    while (!(await this.#followOnce())) {
      const { retryMs } = tailLimits
      await new Promise<void>((resolve) => void systemClock.after(retryMs, resolve))
    }
  }

  /** Whether that was all. */
  async #followOnce(): Promise<boolean> {
    const response = await this.#open()
    if (response === undefined) return false
    try {
      return await this.#show(response)
    } catch (error) {
      // The connection has broken off: it is no fault of what was shown.
      if (error instanceof ExitError || !('code' in (error as object))) throw error
      return false
    } finally {
      response.destroy()
    }
  }

  async #open(): Promise<IncomingMessage | undefined> {
    const { name, vhost, parameters } = this.#plan
    const headers = this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId }
    let answer: IncomingMessage | Answer
    try {
      answer = await this.#broker.stream(
        ['v1', 'streams', vhost, name, 'tail'],
        parameters,
        headers,
      )
    } catch (error) {
      const isAway = error instanceof ExitError && error.exitCode === exitCodes.unavailable
      if (this.#lastId === undefined || !isAway) throw error
      if (!this.#isAway) this.#terminal.tell(`${error.message}; waiting for it`)
      this.#isAway = true
      return undefined
    }
    if ('statusCode' in answer) {
      if (this.#isAway) this.#terminal.tell('The broker is back')
      this.#isAway = false
      return answer
    }
    const { status } = answer as Answer
    if (status === 404) throw await notThere(this.#broker, { kind: kinds.queue, name, vhost })
    if (this.#lastId !== undefined && (status === 429 || status === 503)) return undefined
    throw refusal(answer as Answer, `'${name}' cannot be followed`)
  }

  async #show(response: IncomingMessage): Promise<boolean> {
    const { printer, countMax } = this.#plan
    for await (const { type, data, id } of readEvents(response)) {
      this.#lastId = id ?? this.#lastId
      if (data === undefined) continue
      if (type === undefined) {
        await printer.print(JSON.parse(data) as TailedMessage)
        // Nothing more is read while nobody takes the result.
        await this.#terminal.write('')
        if (++this.#count >= countMax) return true
      } else this.#tell(type, data)
    }
    return false
  }

  #tell(type: string, data: string): void {
    const { reason, count } = JSON.parse(data) as { reason: string; count?: number }
    const { tell } = this.#terminal
    if (type === 'end') tell(`It ends: ${reason}`)
    else if (count === 0) tell(`Another stream has this name now: all of it follows`)
    else tell(`${count} of them are gone (${reason}) and not shown`)
  }
}
