// A run with the clients of transactions and of the compacted topic alone: many more of them in the same time.
import type { Plan } from '../plan.ts'
import { nobodyElse } from '../planted.ts'
import { drawLedger, ledgerLimits } from './ledger-plan.ts'

export function onlyLedger(plan: Plan): Plan {
  return {
    ...plan,
    clients: nobodyElse,
    rules: undefined,
    parcels: undefined,
    ledger: drawLedger(plan.seed),
    limits: { ...plan.limits, topic: ledgerLimits },
  }
}
