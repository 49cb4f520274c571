// Whether clients may make the broker keep more: queues, exchanges, bindings, consumers, channels,
// connections, members of groups. They stay until a client takes them away, so nothing that waits gives
// their memory back; when memory is nearly used up, more of them are refused, and everything that exists
// goes on.
import { BrokerError } from './broker-error.ts'

export class Admission {
  /** False while memory is nearly used up. */
  isOpen = true
  /** Told of each that is let in, before it takes memory. */
  onAdmitted: () => void = () => undefined

  /** To be called before anything that stays is made. Throws `memory_exhausted`. */
  admit(): void {
    this.onAdmitted()
    if (!this.isOpen) throw new BrokerError('memory_exhausted', 'memory is nearly used up')
  }

  /** The same for those who are refused in words of their own. */
  get mayEnter(): boolean {
    this.onAdmitted()
    return this.isOpen
  }
}
