// A connection of amqplib to whichever node takes one.
import { connect, type ChannelModel } from 'amqplib'
import { within } from '../../support/wait-for.ts'
import type { Session } from '../history.ts'
import type { ClientParts } from './client-parts.ts'

const connectMsMax = 4000
const heartbeatSeconds = 2

export class AmqpLink implements AsyncDisposable {
  readonly session: Session
  readonly model: ChannelModel
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>
  isEnded = false
  readonly #parts: ClientParts

  private constructor(model: ChannelModel, session: Session, parts: ClientParts) {
    this.model = model
    this.session = session
    this.#parts = parts
    this.ended = new Promise((resolve) => {
      model.once('close', () => {
        this.isEnded = true
        resolve()
      })
    })
  }

  /**
   * Tries all nodes. A patient one stays with a node that says nothing, for as long as its socket lives: it hears
   * what that node still has to say. @throws Error of the last one.
   */
  static async open(parts: ClientParts, isPatient = false): Promise<AmqpLink> {
    const heartbeat = isPatient ? 0 : heartbeatSeconds
    let failure: unknown
    const { sessions } = parts.history
    const further = parts.nextFurther()
    for (const node of parts.tries(further)) {
      const url = `amqp://guest:guest@127.0.0.1:${parts.addresses[node]?.amqp}?heartbeat=${heartbeat}`
      const connecting = connect(url, { noDelay: true, timeout: connectMsMax })
      try {
        const model = await within('a node takes a connection', connecting, connectMsMax)
        model.on('error', () => undefined)
        if (further === 0) parts.onServed(node)
        const session = { id: sessions.length, node, openedAt: Date.now() }
        sessions.push(session)
        return new AmqpLink(model, session, parts)
      } catch (error) {
        failure = error
        connecting.then((late) => void late.close().catch(() => undefined)).catch(() => undefined)
      }
    }
    throw failure
  }

  /** Fails when the connection ends first: amqplib settles nothing then. */
  async do<T>(work: Promise<T>): Promise<T> {
    const ended = this.ended.then(() => {
      throw new Error('the connection has ended')
    })
    ended.catch(() => undefined)
    return Promise.race([work, ended])
  }

  /** Something came by this connection. */
  hears(what: string): void {
    const at = this.#parts.arrivedAt()
    this.#parts.history.heard.push({ session: this.session.id, what, at })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isEnded) return
    const closing = this.model.close().catch(() => undefined)
    await within('it closes', Promise.race([closing, this.ended]), connectMsMax).catch(
      () => undefined,
    )
  }
}
