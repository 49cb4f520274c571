import type { Turn } from '../lib/turn.ts'
import { brokerLimits } from '../limits/broker.ts'

/** Whether deliveries had better go on in the next turn: sockets wait to be read. */
export function isLate(turn: Turn): boolean {
  return turn.elapsedMs > brokerLimits.dispatchMsPerTurnMax
}
