// Preloaded into a broker (node --import) to take a bound away: whatever memory is left, more queues,
// consumers and channels are let in.
import { Admission } from '../../src/broker/admission.ts'

for (const name of ['mayEnter', 'mayDeclare'] as const) {
  Object.defineProperty(Admission.prototype, name, { get: () => true })
}
