import type { Broker } from '../../broker/broker.ts'
import type { Caller } from './caller.ts'

type VHosts = Broker['vhosts']
type VHost = VHosts extends Iterable<infer Each> ? Each : never

/** Those that lists are of: all for monitoring, else those that the caller may enter. */
export function visibleVHosts({ vhosts }: Broker, caller: Caller): VHost[] {
  const all = [...vhosts]
  if (caller.hasTag('monitoring')) return all
  return all.filter(({ name }) => caller.rightsIn(name).hasAccess)
}

/** Those whose policies and parameters are listed: all for administrators, else those that the caller may enter. */
export function enterableVHosts({ vhosts }: Broker, caller: Caller): VHost[] {
  const all = [...vhosts]
  if (caller.hasTag('administrator')) return all
  return all.filter(({ name }) => caller.rightsIn(name).hasAccess)
}
