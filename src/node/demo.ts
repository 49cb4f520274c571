// The demo on a node: a user of its own, a thread with clients that come in by the node's own ports, and at the
// end nothing of it. The user is made first and goes last: while it is there, what has the demo's names is the
// demo's, also after a crash; without it, it is somebody else's and stays.
import type { DemoControl, DemoStatus } from '../admin/v1/demo-operations.ts'
import { hashPassword } from '../auth/password-hash.ts'
import { AccessKeeper } from '../broker/access-keeper.ts'
import { type Broker, defaultVHost } from '../broker/broker.ts'
import { whenDurable } from '../broker/when-durable.ts'
import type { DemoAddress, DemoNews } from '../demo/demo-news.ts'
import { demoNames, type DemoPart, demoParts, demoPattern } from '../demo/demo-parts.ts'
import type { DemoPicture } from '../demo/demo-picture.ts'
import { type DemoThread, startDemoThread } from '../demo/start-demo-thread.ts'
import type { Timer } from '../lib/clock.ts'
import type { Address } from '../lib/listen.ts'
import { wait } from '../lib/wait.ts'
import { demoLimits } from '../limits/demo.ts'
import type { ProtocolParts } from './protocol-server.ts'

type DemoNodeParts = Pick<
  ProtocolParts,
  'cell' | 'clients' | 'maintenance' | 'options' | 'clock' | 'random' | 'logger' | 'addresses'
>

/** One that runs. */
interface Run {
  readonly thread: DemoThread
  readonly timer: Timer
  readonly startedAt: number
  readonly endsAt: number
  readonly opened: PromiseWithResolvers<string | undefined>
  readonly closed: PromiseWithResolvers<void>
  isOpen: boolean
}

export class Demo implements DemoControl {
  readonly #parts: DemoNodeParts
  readonly #keeper: AccessKeeper
  #run: Run | undefined
  #picture: DemoPicture | undefined
  #ended: string | undefined
  #isEnding = false
  /** One thing is done after the other. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(parts: DemoNodeParts) {
    const { cell, clients, options } = parts
    this.#parts = parts
    this.#keeper = new AccessKeeper({
      broker: cell.broker,
      clients,
      settingsVHosts: options.vhosts,
    })
  }

  get status(): DemoStatus {
    const run = this.#run
    return {
      state: this.#state,
      startedAt: run?.startedAt,
      endsAt: run?.endsAt,
      ended: this.#ended,
      left: run === undefined && !this.#isEnding && this.#isOwn ? this.#present() : [],
      makes: demoParts,
      picture: this.#picture,
    }
  }

  get #state(): DemoStatus['state'] {
    if (this.#isEnding) return 'ending'
    if (this.#run === undefined) return 'off'
    return this.#run.isOpen ? 'running' : 'starting'
  }

  start(seconds: number): Promise<string | undefined> {
    return this.#then(() => this.#start(seconds))
  }

  end(): Promise<void> {
    return this.#then(() => this.#end('it was ended'))
  }

  /** The node stops. */
  async close(): Promise<void> {
    await this.#then(async () => {
      if (this.#run !== undefined) await this.#end('the broker stopped')
    })
  }

  #then<T>(step: () => Promise<T>): Promise<T> {
    const work = this.#work.then(step)
    this.#work = work.catch(() => undefined)
    return work
  }

  async #start(seconds: number): Promise<string | undefined> {
    if (this.#run !== undefined) return undefined
    if (this.#parts.maintenance.isOn) return 'the broker is in maintenance'
    const amqp = localAddress(this.#parts.addresses['amqp'])
    if (amqp === undefined) return 'the demo comes over AMQP, for which nobody listens without TLS'
    const reason = this.#whyTaken()
    if (reason !== undefined) return reason
    // What a crash has left.
    if (this.#isOwn) await this.#clean()
    const { clock, random, logger } = this.#parts
    const password = random.bytes(24).toString('base64url')
    await this.#addUser(password)
    const opened = Promise.withResolvers<string | undefined>()
    const kafka = localAddress(this.#parts.addresses['kafka'])
    const place = { amqp, kafka, user: demoNames.user, password }
    const now = clock.now()
    const run: Run = {
      thread: startDemoThread(place, (news) => this.#onNews(run, news)),
      timer: clock.after(seconds * 1000, () => this.#endRun(run, 'its time was over')),
      startedAt: now,
      endsAt: now + seconds * 1000,
      opened,
      closed: Promise.withResolvers<void>(),
      isOpen: false,
    }
    this.#run = run
    this.#picture = undefined
    this.#ended = undefined
    logger.info(`The demo begins, for ${seconds} s at most: what it makes is called demo.…`)
    const late = clock.after(demoLimits.startMsMax, () =>
      opened.resolve('its clients are too slow'),
    )
    const problem = await opened.promise
    late.stop()
    if (problem !== undefined) await this.#end(problem)
    return problem
  }

  #onNews(run: Run, news: DemoNews): void {
    if (news.kind === 'closed') run.closed.resolve()
    else if (news.kind === 'failed') {
      run.opened.resolve(news.reason)
      run.closed.resolve()
      if (run.isOpen) this.#endRun(run, news.reason)
    } else {
      this.#picture = news.picture
      run.isOpen = true
      run.opened.resolve(undefined)
    }
  }

  #endRun(run: Run, why: string): void {
    void this.#then(async () => {
      if (this.#run === run) await this.#end(why)
    })
  }

  async #end(why: string): Promise<void> {
    const run = this.#run
    if (run === undefined && !this.#isOwn) return
    const { clock, logger } = this.#parts
    this.#isEnding = true
    try {
      if (run !== undefined) {
        run.timer.stop()
        run.thread.end()
        await Promise.race([run.closed.promise, wait(clock, demoLimits.partingMsMax)])
        await run.thread.terminate()
        this.#ended = why
      }
      await this.#clean()
      logger.info(`The demo has ended, and what it made is gone: ${why}`)
    } finally {
      this.#run = undefined
      this.#isEnding = false
    }
  }

  get #broker(): Broker {
    return this.#parts.cell.broker
  }

  /** Whether what has the demo's names is the demo's. */
  get #isOwn(): boolean {
    return this.#broker.access.findUser(demoNames.user) !== undefined
  }

  #whyTaken(): string | undefined {
    const [taken] = this.#isOwn ? [] : this.#present()
    return taken && `there is a ${taken.kind} '${taken.name}' that is not the demo's`
  }

  #present(): DemoPart[] {
    return demoParts.filter((part) => this.#isPresent(part))
  }

  #isPresent({ kind, name }: DemoPart): boolean {
    const vhost = this.#broker.getVHost(defaultVHost)
    if (kind === 'user') return this.#broker.access.findUser(name) !== undefined
    if (kind === 'exchange') return vhost.findExchange(name) !== undefined
    if (kind === 'group') return this.#parts.cell.groups.describe(name) !== undefined
    return vhost.findQueue(name) !== undefined
  }

  async #addUser(password: string): Promise<void> {
    const name = demoNames.user
    const hashed = hashPassword(Buffer.from(password), this.#parts.random)
    const permission = { configure: demoPattern, write: demoPattern, read: demoPattern }
    await this.#keeper.putUser({ name, tags: [], ...hashed }, [
      { user: name, vhost: defaultVHost, ...permission },
    ])
  }

  async #clean(): Promise<void> {
    for (const part of this.#present()) await this.#remove(part)
  }

  async #remove({ kind, name }: DemoPart): Promise<void> {
    const broker = this.#broker
    const vhost = broker.getVHost(defaultVHost)
    if (kind === 'user') await this.#keeper.deleteUsers([name])
    else if (kind === 'group') await this.#removeGroup(name)
    else if (kind === 'exchange') {
      const changes = vhost.deleteExchange(name, { ifUnused: false })
      await whenDurable(broker.topology.write(changes))
    } else {
      const queue = vhost.findQueue(name)
      if (queue !== undefined) await whenDurable(broker.deleteQueue(queue))
    }
  }

  /** Members that were cut off are in it until their session is over. */
  async #removeGroup(name: string): Promise<void> {
    const { cell, clock } = this.#parts
    for (let look = 0; look < demoLimits.groupLooksMax; look++) {
      const error = await new Promise<string | undefined>((resolve) => {
        cell.groups.deleteGroup(name, resolve)
      })
      if (error !== 'non_empty_group') return
      await wait(clock, demoLimits.groupLookMs)
    }
  }
}

/** Where a client on this machine finds a listener. */
function localAddress(address: Address | undefined): DemoAddress | undefined {
  if (address === undefined) return undefined
  const { host, port } = address
  const isAny = host === '0.0.0.0' || host === '::'
  return { host: isAny ? '127.0.0.1' : host, port }
}
