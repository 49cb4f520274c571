// Whether clients may make the broker keep more. Connections, channels, consumers and members of groups
// stay until their client goes; queues, exchanges, bindings, topics and the offsets of groups until a client
// takes them away. Nothing that waits gives their memory back: when memory is nearly used up, more of them
// are refused, and everything that exists goes on. Declarations are refused first: there has to be room for
// the client that takes some of them away.
import { BrokerError } from './broker-error.ts'

export class Admission {
  /** False while memory is nearly used up. */
  isOpen = true
  /** False while what was declared takes as much memory as it may. */
  isOpenToDeclarations = true
  /** Told of each client, channel, consumer or member that is let in, before it takes memory. */
  onAdmitted: () => void = () => undefined
  /** Told of each declaration that is let in, before it takes memory. */
  onDeclared: () => void = () => undefined

  /** To be called for whoever stays while its client does. Throws `memory_exhausted`. */
  admit(): void {
    if (!this.mayEnter) throw exhausted()
  }

  /** To be called before anything is made that outlives its client. Throws `memory_exhausted`. */
  admitDeclaration(): void {
    if (!this.mayDeclare) throw exhausted()
  }

  /** The same for those who are refused in words of their own. */
  get mayEnter(): boolean {
    this.onAdmitted()
    return this.isOpen
  }

  get mayDeclare(): boolean {
    this.onDeclared()
    return this.isOpen && this.isOpenToDeclarations
  }
}

function exhausted(): BrokerError {
  return new BrokerError('memory_exhausted', 'memory is nearly used up')
}
