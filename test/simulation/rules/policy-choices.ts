// The policies that are set for the ruled queue. All of them send dead letters to one queue or to none.
import type { PolicyDefinition } from '../../../src/meta/topology-change.ts'
import type { Draw } from '../draw.ts'
import { deadName } from './rule-plan.ts'

const toDead = { 'dead-letter-exchange': '', 'dead-letter-routing-key': deadName }
/** The shortest time to live that any of them gives, in ms. */
export const policyTtlMsMin = 200
const ttls = [policyTtlMsMin, 900]

export function drawPolicy(draw: Draw, isOperator: boolean): PolicyDefinition {
  // An operator's cannot have a target.
  const target = isOperator || draw.chance(0.2) ? {} : toDead
  return draw.oneOf<PolicyDefinition>([
    { 'message-ttl': draw.oneOf(ttls), ...target },
    { 'max-length': draw.between(1, 10), ...target },
    { 'max-length': draw.between(1, 10), 'message-ttl': draw.oneOf(ttls), ...target },
    { 'delivery-limit': draw.between(1, 5), ...target },
    ...(isOperator ? [] : [toDead]),
  ])
}
