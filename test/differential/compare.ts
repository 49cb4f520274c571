// Plays a script on a broker and on the reference, and says where they part.
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

/** A difference that is not accepted has to come twice: time passes differently on a busy machine. */
const triesMax = 3

export async function compareScripts(brokers: Brokers, choice: ScriptChoice): Promise<Comparison> {
  let result = await compareOnce(brokers, choice)
  for (let tries = 1; tries < triesMax && result.difference !== undefined; tries++) {
    result = await compareOnce(brokers, choice)
  }
  return result
}

async function compareOnce(brokers: Brokers, choice: ScriptChoice): Promise<Comparison> {
  const { seed } = choice
  const [ours, theirs] = await Promise.all([
    playScript(brokers.pabal, choice),
    playScript(brokers.reference, choice),
  ])
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
