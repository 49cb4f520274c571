// `pabal create --type topic`: a topic as Kafka's CreateTopics makes it.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { readPairs } from './arguments-option.ts'
import { refusal } from './refusal.ts'
import type { AskBroker } from './remote-command.ts'

interface Flags {
  readonly vhost?: string
  readonly partitions?: string
  readonly argument?: readonly string[]
  readonly transient?: boolean
  readonly autoDelete?: boolean
}

interface Made {
  readonly partitions: number
  readonly cells: number
}

/** Throws an `ExitError` for what a topic cannot have. */
export function createTopic(name: string, flags: Flags): AskBroker {
  const { vhost = '/', partitions, argument, transient = false, autoDelete = false } = flags
  if (vhost !== '/') {
    const advice =
      'topics are in the virtual host /: elsewhere, declare a stream with --type stream'
    throw new ExitError(exitCodes.usage, `--vhost cannot be '${vhost}': ${advice}`)
  }
  if (transient || autoDelete) {
    throw new ExitError(exitCodes.usage, 'a topic is never --transient or --auto-delete')
  }
  const settings = readPairs('--argument', argument, () => true)
  const body = { name, settings, ...(partitions !== undefined && { partitions: +partitions }) }
  return async (broker, { print }) => {
    const answer = await broker.ask('POST', ['v1', 'topics'], body)
    if (answer.status >= 400) throw refusal(answer, `topic '${name}' was not created`)
    const { partitions: count, cells } = answer.body as Made
    const where = cells > 1 ? ` led by ${cells} cells` : ''
    print(`Topic '${name}' was created with ${count} partition${count === 1 ? '' : 's'}${where}`)
    return exitCodes.ok
  }
}
