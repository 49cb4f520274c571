// Plays a script on a broker and on the reference, and says where they part.
import { acceptDifference } from './accepted-differences.ts'
import { describeOperation } from './operation.ts'
import { playScript, type Step } from './player.ts'

export interface Brokers {
  readonly pabal: string
  readonly reference: string
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

export async function compareScripts(
  brokers: Brokers,
  { seed, length }: { readonly seed: number; readonly length: number },
): Promise<Comparison> {
  let result = await compareOnce(brokers, seed, length)
  for (let tries = 1; tries < triesMax && result.difference !== undefined; tries++) {
    result = await compareOnce(brokers, seed, length)
  }
  return result
}

async function compareOnce(brokers: Brokers, seed: number, length: number): Promise<Comparison> {
  const [ours, theirs] = await Promise.all([
    playScript(brokers.pabal, seed, length),
    playScript(brokers.reference, seed, length),
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

function isSame(a: Step, b: Step): boolean {
  return a.lines.join('\n') === b.lines.join('\n')
}
