// What is printed when a broken promise is found.

import type { Ledger, Violation } from './ledger.ts'

const violationsShown = 3
const outputShown = 4000

export interface FailureContext {
  readonly seed: number
  readonly round: number
  /** Of npm run crash, besides seed and rounds. */
  readonly flags: readonly string[]
  readonly rounds: readonly string[]
  readonly dataFolder: string
  readonly output: string
}

/** The broken promises and what led to them. */
type Broken = Pick<Ledger, 'history' | 'violations'>

export class CrashFailure extends Error {
  constructor(ledger: Broken, context: FailureContext) {
    super(report(ledger, context))
    this.name = 'CrashFailure'
  }
}

function report(ledger: Broken, context: FailureContext): string {
  const { seed, round, flags, rounds, dataFolder, output } = context
  const { violations } = ledger
  return [
    `${violations.length} broken promises in round ${round}`,
    `again (the same operations; timing differs): npm run crash -- --seed ${seed} --rounds ${round} ${flags.join(' ')}`,
    `data folder: ${dataFolder}`,
    'rounds:',
    ...rounds.map((line) => `  ${line}`),
    ...violations.slice(0, violationsShown).flatMap((each) => describe(ledger, each)),
    ...violations.slice(violationsShown, violationsShown * 6).map((each) => `✗ ${headline(each)}`),
    'end of what the broker wrote:',
    output.slice(-outputShown),
  ].join('\n')
}

function headline({ queue, id, text }: Violation): string {
  return [queue, id, text].filter((part) => part !== '').join(' ')
}

function describe(ledger: Broken, violation: Violation): string[] {
  const lines = ledger.history.around(violation.queue, violation.id)
  return [`✗ ${headline(violation)}`, ...lines.map((line) => `    ${line}`)]
}
