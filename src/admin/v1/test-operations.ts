// What would happen, for who asks before it does.
import type { Broker } from '../../broker/broker.ts'
import type { Operation } from '../api/operation.ts'
import { accessTestOperation } from './access-test-operation.ts'
import { patternTestOperation } from './pattern-test-operation.ts'
import { routeTestOperation } from './route-test-operation.ts'

export function testOperations(broker: Broker): Operation[] {
  return [routeTestOperation(broker), accessTestOperation(broker), patternTestOperation(broker)]
}
