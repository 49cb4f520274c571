// `pabal move rabbitmq`: from queues of RabbitMQ into those of the running broker.
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { moveLimits } from '../limits/move.ts'
import { localQueues } from '../move/local-queue.ts'
import { MoveError } from '../move/move-error.ts'
import { type ListedQueue, listQueues } from '../move/rabbitmq-management.ts'
import { RabbitmqQueue } from '../move/rabbitmq-queue.ts'
import { connectToRabbitmq, parseSource, type RabbitmqSource } from '../move/rabbitmq-source.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import {
  checkCount,
  type GivenFlags,
  type MoveFlags,
  readMoveFlags,
  readSourceCa,
  readSourcePassword,
} from './move-flags.ts'
import { isVHostThere, kinds, notThere } from './not-there.ts'
import { exitCodeOf, runMove } from './run-move.ts'
import { showRows } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

export interface RabbitmqFlags {
  readonly queue?: readonly string[]
  readonly allQueues?: boolean
  readonly fromManagement?: string
  readonly toQueue?: string
  readonly vhost?: string
}

/** A queue, and whether it is at the target already. */
interface Planned {
  readonly queue: string
  readonly to: string
  readonly listed: ListedQueue | undefined
  readonly isThere: boolean
}

interface Plan {
  readonly source: RabbitmqSource
  readonly vhost: string
  readonly queues: readonly Planned[]
}

const command = 'move rabbitmq'
const adviceOnMissing =
  'declare it, import definitions (pabal definitions import), or name --from-management'

export async function moveFromRabbitmq(
  given: GivenFlags & RabbitmqFlags,
  broker: BrokerClient,
  terminal: Terminal,
): Promise<ExitCode> {
  const flags = readMoveFlags(given, command)
  checkChoice(given)
  try {
    const plan = await makePlan(given, flags, broker)
    if (flags.isDryRun) return await showPlan(plan, flags, terminal)
    await declareMissing(plan, broker)
    return await runMove(
      {
        ...flags,
        parts: partsOf(plan, broker),
        unit: 'messages',
        kind: 'queue',
        recordsAtOnce: moveLimits.chunkCountMax,
      },
      terminal,
    )
  } catch (error) {
    if (error instanceof MoveError)
      throw new ExitError(exitCodeOf(error), error.message, { cause: error })
    throw error
  }
}

function checkChoice({ queue = [], allQueues, toQueue, fromManagement }: RabbitmqFlags): void {
  const fail = (reason: string): never => {
    throw new ExitError(exitCodes.usage, `${command} ${reason}`)
  }
  if (queue.length > 0 === (allQueues === true)) fail('needs either --queue or --all-queues')
  if (allQueues === true && fromManagement === undefined)
    fail('--all-queues needs --from-management')
  if (fromManagement !== undefined && !/^https?:\/\//.test(fromManagement)) {
    fail(`--from-management cannot be '${fromManagement}': use an address like http://HOST:15672`)
  }
  if (toQueue !== undefined && queue.length !== 1) fail('--to-queue needs one --queue')
}

async function makePlan(
  given: GivenFlags & RabbitmqFlags,
  { from }: MoveFlags,
  broker: BrokerClient,
): Promise<Plan> {
  const secrets = { password: await readSourcePassword(given), ca: await readSourceCa(given) }
  const source = parseSource(from, secrets)
  if (source === undefined) {
    const advice = 'use an address like amqp://USER@HOST:5672/VHOST'
    throw new ExitError(exitCodes.usage, `--from is no address of a RabbitMQ: ${advice}`)
  }
  const { fromManagement, vhost = source.vhost } = given
  const listed =
    fromManagement === undefined ? [] : await listQueues(new URL(fromManagement), source)
  if (!(await isVHostThere(broker, checkName('virtual host', vhost)))) {
    throw await notThere(broker, { kind: kinds.vhost, name: vhost })
  }
  const names = given.queue ?? movable(listed)
  checkCount('queues', names)
  const queues: Planned[] = []
  for (const queue of new Set(names)) {
    const to = given.toQueue ?? queue
    const found = listed.find(({ name }) => name === queue)
    if (found?.type === 'stream') throw streamRefused(queue)
    queues.push({ queue, to, listed: found, isThere: await isThere(broker, vhost, to) })
  }
  return { source, vhost, queues }
}

/** Those of others cannot be consumed from, and streams are never empty. */
function movable(listed: readonly ListedQueue[]): string[] {
  return listed.flatMap(({ name, type, isExclusive }) =>
    isExclusive || type === 'stream' ? [] : [name],
  )
}

function streamRefused(queue: string): MoveError {
  const what = `'${queue}' is a stream, which is never empty`
  return new MoveError('refused', `${what}: copy it as docs/moving-from-rabbitmq.md says`)
}

async function isThere(broker: BrokerClient, vhost: string, queue: string): Promise<boolean> {
  return (await broker.ask('GET', ['queues', vhost, checkName('queue', queue)])).status === 200
}

async function showPlan(
  { queues }: Plan,
  { format }: MoveFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const rows = queues.map(({ queue, to, listed, isThere: isKnown }) => ({
    queue,
    to,
    target: isKnown ? 'is there' : listed === undefined ? 'is missing' : 'will be declared',
  }))
  await showRows(
    { title: 'queues to move', columns: ['queue', 'to', 'target'], rows },
    format,
    terminal,
  )
  if (rows.some(({ target }) => target === 'is missing')) {
    terminal.tell(`What is missing: ${adviceOnMissing}`)
  }
  return exitCodes.ok
}

/** With what RabbitMQ says they were declared with. */
async function declareMissing({ vhost, queues }: Plan, broker: BrokerClient): Promise<void> {
  const missing = queues.filter((planned) => !planned.isThere)
  const unknown = missing.find(({ listed }) => listed === undefined)
  if (unknown !== undefined) {
    const what = `there is no queue '${unknown.to}' in virtual host '${vhost}' here`
    throw new MoveError('missing', `${what}: ${adviceOnMissing}`)
  }
  if (missing.length === 0) return
  const declared = missing.map(({ to, listed }) => ({
    name: to,
    durable: listed!.durable,
    auto_delete: listed!.autoDelete,
    arguments: listed!.arguments,
  }))
  const content = JSON.stringify({ queues: declared })
  const path = ['definitions', vhost]
  const { status, text } = await broker.transfer('POST', path, { content })
  if (status < 400) return
  throw new MoveError('refused', `queues that are missing here cannot be declared: ${text}`)
}

function partsOf({ source, vhost, queues }: Plan, broker: BrokerClient): RabbitmqQueue[] {
  const target = localQueues({
    send: (method, segments, sent) => broker.transfer(method, segments, sent),
  })
  return queues.map(
    ({ queue, to }) =>
      new RabbitmqQueue({
        queue,
        to: { vhost, name: to },
        target,
        clock: systemClock,
        connect: () => connectToRabbitmq(source),
      }),
  )
}
