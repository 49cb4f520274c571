// The connections of a player: the one that works, one that looks on, and spare ones that only are there.
import { once } from 'node:events'
import type { Channel, ChannelModel } from 'amqplib'
import { within } from '../support/wait-for.ts'
import { connectAs, loginOfUrl } from './connect-as.ts'
import { describeClose } from './describe-close.ts'
import type { Login } from './operation.ts'

/** A broker closes the connections of who is deleted a little later than it says so. */
const endMsMax = 5000

interface Connection {
  readonly login: Login
  readonly model: ChannelModel
}

export interface ConnectionEvents {
  /** Something that a client hears. */
  onClose(text: string): void
  /** The working connection is gone, and all on it. */
  onLost(): void
}

export class PlayerConnections {
  readonly #url: string
  readonly #events: ConnectionEvents
  /** Whether there are users who may be refused: whoever looks on is somebody else then. */
  readonly #hasAccess: boolean
  #login: Login
  #working: ChannelModel | undefined
  #observer: Channel | undefined
  /** Of an administrator, by virtual host. */
  readonly #lookers = new Map<string, ChannelModel>()
  /** All of the script's users. */
  readonly #open = new Set<Connection>()
  readonly #spares = new Set<Connection>()

  constructor(url: string, hasAccess: boolean, events: ConnectionEvents) {
    this.#url = url
    this.#hasAccess = hasAccess
    this.#events = events
    this.#login = loginOfUrl(url)
  }

  /** The working connection, which is made again when it is gone. */
  async working(): Promise<ChannelModel> {
    if (this.#working !== undefined) return this.#working
    const { model } = await this.#connect('connection', this.#login)
    this.#working = model
    return model
  }

  async login(login: Login): Promise<void> {
    await this.#working?.close()
    this.#login = login
    await this.working()
  }

  async openSpare(login: Login): Promise<void> {
    this.#spares.add(await this.#connect('spare', login))
  }

  async closeSpares(): Promise<number> {
    const spares = [...this.#spares]
    for (const { model } of spares) await model.close()
    return spares.length
  }

  /** Resolves when connections of the user or to the virtual host are gone. */
  async ended(who: { readonly user: string } | { readonly vhost: string }): Promise<void> {
    const isMeant = ({ login }: Connection): boolean =>
      'user' in who ? login.user === who.user : login.vhost === who.vhost
    const meant = [...this.#open].filter(isMeant)
    const ends = meant.map(({ model }) => once(model, 'close'))
    await within('connections of who is deleted end', Promise.all(ends), endMsMax)
  }

  /** A channel for questions that are no part of the script, where it works now. */
  async observer(): Promise<Channel> {
    this.#observer ??= await this.#openObserver()
    return this.#observer
  }

  async close(): Promise<void> {
    const all = [...[...this.#open].map(({ model }) => model), ...this.#lookers.values()]
    for (const model of all) await model.close().catch(() => undefined)
  }

  async #connect(name: string, login: Login): Promise<Connection> {
    const model = await connectAs(this.#url, login)
    const connection = { login, model }
    this.#open.add(connection)
    model.on('error', () => undefined)
    model.once('close', (error: Error | undefined) => {
      this.#open.delete(connection)
      this.#spares.delete(connection)
      if (error !== undefined) this.#events.onClose(`${name}: ${describeClose(error)}`)
      if (this.#working !== model) return
      this.#working = undefined
      this.#observer = undefined
      this.#events.onLost()
    })
    return connection
  }

  async #openObserver(): Promise<Channel> {
    const model = this.#hasAccess ? await this.#looker(this.#login.vhost) : await this.working()
    const channel = await model.createChannel()
    channel.on('error', () => undefined)
    channel.once('close', () => {
      if (this.#observer === channel) this.#observer = undefined
    })
    return channel
  }

  async #looker(vhost: string): Promise<ChannelModel> {
    const known = this.#lookers.get(vhost)
    if (known !== undefined) return known
    const model = await connectAs(this.#url, { ...loginOfUrl(this.#url), vhost })
    this.#lookers.set(vhost, model)
    model.on('error', () => undefined)
    model.once('close', () => {
      this.#lookers.delete(vhost)
      this.#observer = undefined
    })
    return model
  }
}
