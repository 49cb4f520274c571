// Publishes and consumes, kills the broker at moments of chance, starts it again, and at last empties the
// queues and compares what came with what was promised.
import type { ChannelModel } from 'amqplib'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import type { Random } from '../../lib/random.ts'
import { wait } from '../../lib/wait.ts'
import { crashTestLimits } from '../../limits/crash-test.ts'
import type { Verdict } from './delivery-book.ts'
import { Lane } from './lane.ts'
import type { OwnBroker } from './own-broker.ts'

export interface CrashPlan {
  readonly seconds: number
  /** Kills while clients publish; beside them the broker is killed now and then while it starts. */
  readonly rounds: number
  readonly publishers: number
}

export interface CrashResult {
  readonly kills: number
  readonly verdicts: readonly Verdict[]
  /** Milliseconds of each start after a kill. */
  readonly restartMs: readonly number[]
}

interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly broker: OwnBroker
  readonly signal: AbortSignal
  readonly onRound: (round: number) => void
}

/** One start in so many is cut short. */
const cutStarts = 4

/** Rejects with an `ExitError` when the broker does not start again, or when `signal` is given. */
export async function runCrashTest(plan: CrashPlan, found: Surroundings): Promise<CrashResult> {
  const { clock, random, broker, signal, onRound } = found
  const lanes = Array.from(
    { length: plan.publishers },
    (_, index) => new Lane(`crash-test.${index}`, random),
  )
  const restartMs: number[] = []
  const lifeMs = (plan.seconds * 1000) / plan.rounds
  let kills = 0
  await broker.start()
  for (let round = 1; round <= plan.rounds; round++) {
    onRound(round)
    const connections = await startLoad(broker, lanes, round === 1)
    await wait(clock, lifeMs * (0.5 + random.next()), signal)
    await broker.kill()
    kills++
    await Promise.all(connections.map(closed))
    throwIfStopped(signal)
    if (random.below(cutStarts) === 0) {
      broker.launch()
      await wait(clock, random.next() * (restartMs.at(-1) ?? lifeMs), signal)
      await broker.kill()
      kills++
      throwIfStopped(signal)
    }
    restartMs.push(await broker.start())
    for (const lane of lanes) lane.beginLife()
  }
  await drain(lanes, found)
  return { kills, verdicts: lanes.map((lane) => lane.judge()), restartMs }
}

async function startLoad(
  broker: OwnBroker,
  lanes: readonly Lane[],
  isFirst: boolean,
): Promise<ChannelModel[]> {
  return Promise.all(
    lanes.map(async (lane) => {
      const connection = await open(broker)
      if (isFirst) await lane.declare(await connection.createConfirmChannel())
      await lane.run(connection)
      return connection
    }),
  )
}

async function open(broker: OwnBroker): Promise<ChannelModel> {
  const { connect } = await import('amqplib')
  const connection = await connect(broker.url)
  // It ends with the broker, as is meant.
  connection.on('error', () => undefined)
  return connection
}

/** Nothing of this life comes after it: all that was on its way to the client was read. */
function closed(connection: ChannelModel): Promise<void> {
  return new Promise((resolve) => {
    connection.once('close', () => resolve())
    connection.close().catch(() => resolve())
  })
}

/** What does not come within a while is lost, and said to be by the books. */
async function drain(lanes: readonly Lane[], found: Surroundings): Promise<void> {
  const { clock, broker, signal } = found
  let lastAt = clock.monotonic()
  const ended = new AbortController()
  const drained = Promise.all(
    lanes.map(async (lane) => {
      const connection = await open(broker)
      await lane.drain(connection, () => {
        lastAt = clock.monotonic()
      })
      await connection.close()
    }),
  ).finally(() => ended.abort())
  const watched = async (): Promise<void> => {
    while (!ended.signal.aborted && clock.monotonic() - lastAt < crashTestLimits.silentMsMax) {
      throwIfStopped(signal)
      await wait(clock, 100, ended.signal)
    }
  }
  await Promise.race([drained, watched()])
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new ExitError(exitCodes.tryLater, 'stopped before the end')
}
