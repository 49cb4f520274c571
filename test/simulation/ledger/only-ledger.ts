// A run with the clients of transactions and of the compacted topic alone: many more of them in the same time.
import type { Plan } from '../plan.ts'
import { nobodyElse } from '../planted.ts'
import { drawLedger, limitsWithLedger } from './ledger-plan.ts'

export function onlyLedger(plan: Plan): Plan {
  const ledger = drawLedger(plan.seed)
  return {
    ...plan,
    clients: nobodyElse,
    rules: undefined,
    parcels: undefined,
    ledger,
    limits: { ...plan.limits, ...limitsWithLedger(ledger) },
  }
}
