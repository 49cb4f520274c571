// A client program: connects, works in its way, and when the connection ends begins anew, until the simulation
// winds down.
import { Draw } from './draw.ts'
import { Ended } from './ended.ts'
import type { QueueLife } from './model/queue-life.ts'
import type { Link } from './network/link.ts'
import type { ServiceName } from './network/network.ts'
import type { World } from './world.ts'

/** How clients of a protocol connect and leave. */
export interface Protocol<Connection> {
  readonly service: ServiceName
  /** Rejects with `Ended`. */
  open(
    link: Link,
    life: { readonly name: string; readonly draw: Draw; readonly world: World },
  ): Promise<Connection>
  /** Leaves in good order or just goes away. */
  close(connection: Connection, isPolite: boolean): Promise<void>
  endOf(connection: Connection): Ended | undefined
}

/** One connection of a client. */
export interface Life<Connection> {
  readonly name: string
  readonly world: World
  readonly draw: Draw
  readonly connection: Connection
  /** A step of the client: counts, and rests for a while. Rejects with `Ended` when the connection has. */
  step(): Promise<void>
  /** A queue or topic that is there as far as is known, of those that `isWanted` lets through. */
  pick(isWanted: (queue: QueueLife) => boolean): QueueLife | undefined
}

/** What a client does with a connection, until it throws `Ended` or returns. */
export type Work<Connection> = (life: Life<Connection>) => Promise<void>

const connectMsMax = 20_000
const pauseMsMax = 300

export class Client<Connection> {
  readonly name: string
  isRunning = false
  readonly #world: World
  readonly #draw: Draw
  readonly #protocol: Protocol<Connection>
  readonly #work: Work<Connection>
  #lives = 0

  constructor(
    name: string,
    world: World,
    what: { readonly protocol: Protocol<Connection>; readonly work: Work<Connection> },
  ) {
    this.name = name
    this.#world = world
    this.#draw = new Draw(world.fork())
    this.#protocol = what.protocol
    this.#work = what.work
  }

  async run(): Promise<void> {
    this.isRunning = true
    while (!this.#world.isWindingDown) {
      const name = `${this.name}.${++this.#lives}`
      const connection = await this.#connect(name)
      if (connection !== undefined) await this.#live(name, connection)
      await this.#world.sleep(this.#draw.time(pauseMsMax))
    }
    this.isRunning = false
  }

  async #connect(name: string): Promise<Connection | undefined> {
    const world = this.#world
    const link = world.network.connect(this.#protocol.service)
    if (link === undefined) return undefined
    const timer = world.clock.after(connectMsMax, () => link.reset())
    try {
      return await this.#protocol.open(link, { name, world, draw: this.#draw })
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      return undefined
    } finally {
      timer.stop()
    }
  }

  async #live(name: string, connection: Connection): Promise<void> {
    const protocol = this.#protocol
    try {
      await this.#work(this.#lifeOf(name, connection))
      await protocol.close(connection, this.#draw.chance(0.7))
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#world.trace.note(name, `ended: ${error.message}`)
      this.#checkEnd(error, name)
      // A channel that the broker closed leaves the connection; clients begin anew all the same.
      if (protocol.endOf(connection) === undefined) await protocol.close(connection, false)
    }
  }

  /** Nothing that clients do here is wrong: what they use may have been deleted, and the broker may stop. */
  #checkEnd({ code, message }: Ended, name: string): void {
    // A topic that was deleted and made again may have fewer partitions.
    const isUsual = code === 0 || code === 320 || code === 404 || / - no partition /.test(message)
    if (!isUsual) throw this.#world.history.fail(`${name} was closed with ${code} ${message}`)
  }

  #lifeOf(name: string, connection: Connection): Life<Connection> {
    const world = this.#world
    const draw = this.#draw
    return {
      name,
      world,
      draw,
      connection,
      step: async () => {
        world.stepCount++
        await world.sleep(draw.time(world.plan.restMsMax))
        const ended = this.#protocol.endOf(connection)
        if (ended !== undefined) throw ended
      },
      pick: (isWanted) => {
        const present = [...world.model.topology.queues.values()].filter(
          (queue) => queue.presence.state === 'yes' && isWanted(queue),
        )
        return present.length === 0 ? undefined : draw.oneOf(present)
      },
    }
  }
}
