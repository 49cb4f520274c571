import type { ListenersParts } from './listeners.ts'
import type { NodeFrame } from './node-frame.ts'

/** What the listeners of a node are opened with. */
export function listenerPartsOf(frame: NodeFrame): ListenersParts {
  const { options, logger, clock, credentials, addresses, doors } = frame
  return { options, logger, clock, credentials, addresses, openListener: doors.openListener }
}
