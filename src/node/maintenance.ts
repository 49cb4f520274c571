// The listeners of a node, and a time without clients: in maintenance the doors are closed and everyone
// has gone, while HTTP goes on and nothing of what is stored changes. It is RabbitMQ's
// `rabbitmq-upgrade drain` and `revive`; a restart ends it, too.
import type { Logger } from '../lib/logger.ts'
import type { Listener } from '../server/listener.ts'
import { type ListenersParts, openService } from './listeners.ts'
import type { ProtocolServer } from './protocol-server.ts'
import type { Service } from './service.ts'

/** A protocol that is on, and its ports. */
export interface OpenedProtocol {
  readonly server: ProtocolServer
  readonly services: readonly Service[]
  /** What its listeners end with. */
  readonly stack: AsyncDisposableStack
}

/** A port of a protocol. */
interface Door {
  readonly server: ProtocolServer
  readonly service: Service
  listener: Listener | undefined
}

/** As RabbitMQ says it to clients of AMQP. */
const reason = 'Node was put into maintenance mode'

export class Maintenance {
  /** Told when clients are sent away, and when they are let in again. */
  onTurned: (isOn: boolean) => void = () => undefined
  readonly #logger: Logger
  #parts: ListenersParts | undefined
  #doors: readonly Door[] = []
  #isOn = false
  #hasEnded = false
  /** What was asked for last: one thing is done after the other. */
  #work: Promise<void> = Promise.resolve()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Whether clients are kept out, or are being sent away. */
  get isOn(): boolean {
    return this.#isOn
  }

  /** Opens all listeners at the same time, once. Rejects with an `ExitError`. */
  async open(protocols: readonly OpenedProtocol[], parts: ListenersParts): Promise<void> {
    this.#parts = parts
    this.#doors = protocols.flatMap(({ server, services, stack }) =>
      services.map((service) => {
        const door: Door = { server, service, listener: undefined }
        stack.defer(() => door.listener?.close())
        return door
      }),
    )
    await this.#open(this.#doors)
  }

  /**
   * Lets nobody in any more, sends away who is there and resolves when they have gone, after some two
   * seconds at most.
   */
  drain(): Promise<void> {
    return this.#then(async () => {
      if (this.#isOn) return
      this.#isOn = true
      this.#logger.warn('The broker is put into maintenance: clients are sent away')
      this.onTurned(true)
      for (const door of this.#clientDoors()) {
        door.listener?.close()
        door.listener = undefined
      }
      const servers = new Set(this.#clientDoors().map(({ server }) => server))
      await Promise.all(Array.from(servers, async (server) => server.endClients?.(reason)))
      this.#logger.warn('The broker is in maintenance: it has no clients and lets none in')
    })
  }

  /** Lets clients in again, at the same ports. Rejects with an `ExitError` when somebody else has one. */
  revive(): Promise<void> {
    return this.#then(async () => {
      if (!this.#isOn) return
      await this.#open(this.#clientDoors().filter(({ listener }) => listener === undefined))
      this.#isOn = false
      this.onTurned(false)
      this.#logger.warn('The broker is back from maintenance and lets clients in')
    })
  }

  /** The node stops: its listeners are closed and stay so. */
  end(): void {
    this.#hasEnded = true
  }

  #then(step: () => Promise<void>): Promise<void> {
    const work = this.#work.then(async () => {
      if (!this.#hasEnded) await step()
    })
    this.#work = work.catch(() => undefined)
    return work
  }

  /** Those that can be without clients. */
  #clientDoors(): Door[] {
    return this.#doors.filter(({ server }) => server.endClients !== undefined)
  }

  async #open(doors: readonly Door[]): Promise<void> {
    const parts = this.#parts
    if (parts === undefined) return
    const opening = doors.map(async (door) => {
      const accept = door.server.acceptorOf(door.service)
      const listener = await openService(door.service, accept, parts)
      // The node may have begun to stop meanwhile.
      if (this.#hasEnded) listener?.close()
      else door.listener = listener
    })
    // All of them, also when one fails: what is open by then has to be closed again.
    const [failure] = (await Promise.allSettled(opening)).filter(
      (result) => result.status === 'rejected',
    )
    if (failure !== undefined) throw failure.reason
  }
}
