import {
  type AmqpMethod,
  CLASS_EXCHANGE,
  CLASS_QUEUE,
  QUEUE_PURGE,
} from '../../codec/amqp/methods.gen.ts'

/** Whether a method may change the topology: declares, deletes, binds or unbinds something. */
export function isDeclaration(method: AmqpMethod): boolean {
  const classId = method.id >>> 16
  if (classId !== CLASS_EXCHANGE && classId !== CLASS_QUEUE) return false
  return method.id !== QUEUE_PURGE && !('passive' in method && method.passive)
}
