// A client program that speaks AMQP: connects, works in its way, and when the connection ends begins anew,
// until the simulation winds down.
import type { Random } from '../../../src/lib/random.ts'
import { Draw } from '../draw.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { World } from '../world.ts'
import { AmqpConnection } from './amqp-connection.ts'
import { Ended } from './ended.ts'
import { Session, type SessionMode } from './session.ts'

/** What a client does with a connection, until it throws `Ended` or returns. */
export type Work = (life: ClientLife) => Promise<void>

/** One connection of a client. */
export interface ClientLife {
  readonly world: World
  readonly draw: Draw
  readonly connection: AmqpConnection
  /** Opens a channel. */
  session(mode: SessionMode): Promise<Session>
  /** A step of the client: counts, and rests for a while. */
  step(): Promise<void>
  /** A queue that is there as far as is known. */
  pickQueue(): QueueLife | undefined
}

const connectMsMax = 20_000

export class AmqpClient {
  readonly name: string
  isRunning = false
  readonly #world: World
  readonly #draw: Draw
  readonly #work: Work
  #lives = 0

  constructor(name: string, world: World, work: Work) {
    this.name = name
    this.#world = world
    const random: Random = world.fork()
    this.#draw = new Draw(random)
    this.#work = work
  }

  async run(): Promise<void> {
    this.isRunning = true
    while (!this.#world.isWindingDown) {
      const connection = await this.#connect()
      if (connection !== undefined) await this.#live(connection)
      await this.#world.sleep(this.#draw.time(300))
    }
    this.isRunning = false
  }

  async #connect(): Promise<AmqpConnection | undefined> {
    const link = this.#world.network.connect('amqp')
    if (link === undefined) return undefined
    const { clock } = this.#world
    const timer = clock.after(connectMsMax, () => link.reset())
    try {
      return await AmqpConnection.open(link, {
        clock,
        heartbeatSeconds: this.#draw.oneOf([1, 5, 30]),
        frameMax: this.#draw.oneOf([4096, 8192, 131_072]),
      })
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      return undefined
    } finally {
      timer.stop()
    }
  }

  async #live(connection: AmqpConnection): Promise<void> {
    const name = `${this.name}.${++this.#lives}`
    try {
      await this.#work(this.#lifeOf(name, connection))
      if (this.#draw.chance(0.7)) await connection.close()
      else connection.kill()
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#world.trace.note(name, `ended: ${error.message}`)
      this.#checkEnd(error, name)
      // A channel that the broker closed leaves the connection; clients begin anew all the same.
      if (connection.ended === undefined) connection.kill()
    }
  }

  /** Nothing that clients do here is wrong. */
  #checkEnd({ code, message }: Ended, name: string): void {
    const isUsual = code === 0 || code === 320 || code === 404
    if (!isUsual) throw this.#world.history.fail(`${name} was closed with ${code} ${message}`)
  }

  #lifeOf(name: string, connection: AmqpConnection): ClientLife {
    const world = this.#world
    const draw = this.#draw
    let sessions = 0
    return {
      world,
      draw,
      connection,
      session: async (mode) => {
        const channel = await connection.channel()
        const session = new Session(`${name}.${++sessions}`, channel, world.model, mode)
        await session.select()
        return session
      },
      step: async () => {
        world.stepCount++
        await world.sleep(draw.time(world.plan.restMsMax))
        if (connection.ended !== undefined) throw connection.ended
      },
      pickQueue: () => {
        const present = [...world.model.topology.queues.values()].filter(
          ({ presence, kind }) => presence.state === 'yes' && !kind.isExclusive,
        )
        return present.length === 0 ? undefined : draw.oneOf(present)
      },
    }
  }
}
