// Imports a definitions file: reads it, compares it with what is there, and does what is new. What is there
// already is not written again, so twice is once.
import { Slices, type Steps } from '../lib/slices.ts'
import { definitionsLimits } from '../limits/definitions.ts'
import { applyPlan, type DefinitionsTarget } from './apply-plan.ts'
import type { Definitions } from './definitions.ts'
import { parseDefinitions } from './parse-definitions.ts'
import { planAccess } from './plan-access.ts'
import { planGlobalParameters } from './plan-global-parameters.ts'
import { planQuotas } from './plan-quotas.ts'
import { TopologyPlanner } from './plan-topology.ts'
import type { PlannedItem } from './plan.ts'
import { type DefinitionsReport, reportOf } from './report.ts'

export { MalformedError } from './item-reader.ts'

export interface ImportAsked {
  /** What the file holds. */
  readonly text: string
  /** The only virtual host that it is for, which has to be there; undefined for all. */
  readonly vhost?: string | undefined
  /** Only compare. */
  readonly isCheck: boolean
}

/** Others get their turns meanwhile. Rejects with a `MalformedError`, and has changed nothing then. */
export function importDefinitions(
  target: DefinitionsTarget,
  asked: ImportAsked,
): Promise<DefinitionsReport> {
  const slices = new Slices(target.broker.clock, definitionsLimits.sliceMs)
  return slices.run(importInSteps(target, asked))
}

function* importInSteps(
  target: DefinitionsTarget,
  { text, vhost, isCheck }: ImportAsked,
): Steps<DefinitionsReport> {
  const definitions = yield* parseDefinitions(text, vhost)
  const items = yield* plan(target, definitions)
  if (!isCheck) yield* applyPlan(target, items)
  return reportOf(items, isCheck)
}

function* plan({ broker }: DefinitionsTarget, definitions: Definitions): Steps<PlannedItem[]> {
  const access = yield* planAccess(broker, definitions)
  const topology = yield* new TopologyPlanner(broker, definitions).plan()
  const parameters = planGlobalParameters(broker, definitions)
  const quotas = planQuotas(broker, definitions)
  const leftOut = definitions.leftOut.map(({ reason, ...item }): PlannedItem => {
    return { ...item, outcome: 'ignored', note: reason }
  })
  return [...access, ...topology, ...parameters, ...quotas, ...leftOut]
}
