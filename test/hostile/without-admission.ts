// Preloaded into a broker (node --import) to take a bound away: whatever memory is left, more queues,
// consumers and channels are let in.
import { Admission } from '../../src/broker/admission.ts'

Object.defineProperty(Admission.prototype, 'mayEnter', { get: () => true })
Admission.prototype.admit = () => undefined
