// Plays a script on a broker and on the reference, and says where they part.
import { inspect } from 'node:util'
import { acceptDifference, inOldWords } from './accepted-differences.ts'
import type { Endpoints } from './endpoints.ts'
import { describeOperation } from './operation.ts'
import { playScript, type Step } from './player.ts'
import type { ScriptChoice } from './script.ts'

export interface Brokers {
  readonly pabal: Endpoints
  readonly reference: Endpoints
}

export interface Comparison {
  readonly seed: number
  /** What happened up to the first difference and there; undefined when there is none. */
  readonly difference: string | undefined
  readonly stepCount: number
  /** Differences that RabbitMQ's later releases have made, which end the comparison. */
  readonly accepted: string | undefined
}

/**
 * A difference that is not accepted has to come each time, however patient whoever looks is: on a busy machine one
 * broker may come to rest later than the other.
 */
const patiences = [1, 4, 16]

export async function compareScripts(brokers: Brokers, choice: ScriptChoice): Promise<Comparison> {
  let result: Comparison | undefined
  for (const patience of patiences) {
    result = await compareOnce(brokers, choice, patience)
    if (result.difference === undefined) break
  }
  return result as Comparison
}

async function compareOnce(
  brokers: Brokers,
  choice: ScriptChoice,
  patience: number,
): Promise<Comparison> {
  const { seed } = choice
  const [mine, other] = await Promise.allSettled([
    playScript(brokers.pabal, choice, patience),
    playScript(brokers.reference, choice, patience),
  ])
  if (mine.status === 'rejected') throw mine.reason
  if (other.status === 'rejected') {
    const difference = `the reference: ${inspect(other.reason)}`
    return { seed, difference, accepted: undefined, stepCount: 0 }
  }
  return compareSteps(seed, mine.value, other.value)
}

function compareSteps(seed: number, ours: readonly Step[], theirs: readonly Step[]): Comparison {
  const stepCount = ours.length
  const at = ours.findIndex((step, index) => !isSame(step, theirs[index] as Step))
  if (at < 0) return { seed, difference: undefined, accepted: undefined, stepCount }
  const [mine, other] = [ours[at] as Step, theirs[at] as Step]
  const accepted = acceptDifference(mine, other)
  if (accepted !== undefined) return { seed, difference: undefined, accepted, stepCount: at }
  const before = ours.slice(0, at).map(({ operation, lines }) => describeStep(operation, lines))
  const here = [
    `HERE ${describeOperation(mine.operation)}`,
    ...mine.lines.map((line) => `  pabal      ${line}`),
    ...other.lines.map((line) => `  reference  ${line}`),
  ]
  return { seed, difference: [...before, ...here].join('\n'), accepted: undefined, stepCount: at }
}

function describeStep(operation: Step['operation'], lines: readonly string[]): string {
  return [describeOperation(operation), ...lines.map((line) => `  ${line}`)].join('\n')
}

function isSame(ours: Step, theirs: Step): boolean {
  return inOldWords(ours.lines) === theirs.lines.join('\n')
}
