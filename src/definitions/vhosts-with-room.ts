// Which virtual hosts of a file a broker has room for.
import type { Broker } from '../broker/broker.ts'
import { brokerLimits } from '../limits/broker.ts'
import type { Definitions, VHostDefined } from './definitions.ts'

/** Those that are there, and of the others as many as there may be yet, in the order of the file. */
export function vhostsWithRoom(
  broker: Broker,
  { vhosts }: Pick<Definitions, 'vhosts'>,
): VHostDefined[] {
  let room = brokerLimits.vhostsMax - broker.vhostNames.length
  return vhosts.filter(({ name }) => broker.findVHost(name) !== undefined || room-- > 0)
}
