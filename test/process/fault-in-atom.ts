// Preloaded into a broker: a message to the queue `broken` throws in the middle of its atom, when the
// queues before it have it already.
import { Queue } from '../../src/broker/queue/queue.ts'

const publish = Reflect.get(Queue.prototype, 'publish')

Queue.prototype.publish = function publishOrThrow(source, sharedPosition) {
  if (this.name === 'broken') throw new TypeError('thrown inside an atom')
  publish.call(this, source, sharedPosition)
}
