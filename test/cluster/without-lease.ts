// Preloaded into a broker (node --import): nobody asks its lease, so that tests see what that keeps from happening.
import { ServingGate } from '../../src/lib/serving-gate.ts'

Object.defineProperty(ServingGate.prototype, 'isOpen', { get: () => true })
Object.defineProperty(ServingGate.prototype, 'isShut', { get: () => false })
ServingGate.prototype.lose = () => undefined
