// A whole cluster on this machine: PostgreSQL, a double of S3, nodes, and one address for clients in front of them.
// What ends by itself is started again; what happens to whom is told, with how long it took.
import path from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import type { Random } from '../../lib/random.ts'
import { wait } from '../../lib/wait.ts'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'
import { S3Double } from '../../s3-double/s3-double.ts'
import type { Terminal } from '../terminal.ts'
import { cellWasDown, describeCluster, endOfNode, replacedNode, takeover } from './cluster-words.ts'
import { DevNode } from './dev-node.ts'
import type { PostgresUser } from './find-postgres.ts'
import { FrontPorts, type WantedPorts } from './front-ports.ts'
import { lastLines } from './last-lines.ts'
import { OwnPostgres } from './own-postgres.ts'
import { reopenCells } from './reopen-cell.ts'

export interface DevClusterPlan {
  /** All that the cluster keeps; nobody else uses it. */
  readonly folder: string
  /** Is there, and PostgreSQL's own. */
  readonly postgresFolder: string
  /** Are there. */
  readonly logs: string
  readonly objects: string
  readonly nodeCount: number
  readonly ports: WantedPorts
  /** Folder of PostgreSQL's programs, and who runs them. */
  readonly programs: string
  readonly user: PostgresUser | undefined
  /** What nodes inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What starts this program. */
  readonly word: string
}

export interface DevClusterParts {
  readonly clock: Clock
  readonly random: Random
  readonly terminal: Terminal
}

export class DevCluster {
  readonly #plan: DevClusterPlan
  readonly #parts: DevClusterParts
  readonly #stopping = new AbortController()
  readonly #postgres: OwnPostgres
  readonly #failed = Promise.withResolvers<never>()
  #objects: S3Double | undefined
  #fronts: FrontPorts | undefined
  #nodes: readonly DevNode[] = []
  #timer: Timer | undefined
  #serving: DevNode | undefined
  #lostAt: number | undefined
  #unservedSince = 0
  #isReopening = false

  constructor(plan: DevClusterPlan, parts: DevClusterParts) {
    this.#plan = plan
    this.#parts = parts
    this.#failed.promise.catch(() => undefined)
    this.#postgres = new OwnPostgres({
      ...parts,
      programs: plan.programs,
      user: plan.user,
      folder: plan.postgresFolder,
      logFile: path.join(plan.logs, 'postgresql.log'),
      onEnd: (how) => void this.#bringPostgresBack(how),
    })
  }

  /** Rejects with an `ExitError` when it cannot go on. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Resolves when a node serves and the others stand by. Rejects with an `ExitError`, or because of a stop. */
  async start(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, random, terminal } = this.#parts
    this.#fronts = await FrontPorts.open(clock, this.#plan.ports)
    terminal.showProgress('Starting PostgreSQL…')
    await this.#postgres.prepare()
    signal.throwIfAborted()
    await this.#postgres.start()
    signal.throwIfAborted()
    this.#objects = await S3Double.open({ folder: this.#plan.objects, clock, random })
    signal.throwIfAborted()
    terminal.showProgress(`Starting ${this.#plan.nodeCount} nodes…`)
    this.#nodes = this.#makeNodes(this.#fronts.ports)
    for (const node of this.#nodes) node.launch()
    this.#unservedSince = clock.monotonic()
    this.#timer = clock.every(clusterDevLimits.lookMs, () => this.#look())
    await this.#waitForFirst(signal)
    for (const line of this.#description()) terminal.print(line)
  }

  /** Resolves when nothing of it runs. */
  async stop(): Promise<void> {
    this.#stopping.abort(new ExitError(exitCodes.tryLater, 'stopped before it was ready'))
    this.#timer?.stop()
    const serving = this.#serving
    // Those that stand by go first: they would take over.
    await Promise.all(this.#nodes.filter((node) => node !== serving).map((node) => node.stop()))
    await serving?.stop()
    this.#fronts?.close()
    await this.#postgres.stop()
    await this.#objects?.close()
  }

  /** Somebody does not want to wait. PostgreSQL is ended by its guard. */
  kill(): void {
    for (const node of this.#nodes) node.kill()
  }

  #makeNodes({ kafka }: { readonly kafka: number }): DevNode[] {
    const { nodeCount, folder, logs, environment } = this.#plan
    const endpoint = encodeURIComponent(this.#objects?.url ?? '')
    const free = ['amqp', 'kafka', 'http'].flatMap((service) => [`--${service}-port`, '0'])
    const objects = ['--objects', `s3://cluster/dev?endpoint=${endpoint}`]
    const advertised = ['--kafka-advertised', `localhost:${kafka}`, '--metrics-port', 'off']
    const flags = [...free, ...objects, ...advertised]
    const names = Array.from({ length: nodeCount }, (_, index) => `n${index + 1}`)
    return names.map(
      (name) =>
        new DevNode({
          clock: this.#parts.clock,
          name,
          folder: path.join(folder, name),
          logFile: path.join(logs, `${name}.log`),
          flags,
          // In flags everybody on this machine would read the password.
          environment: { ...environment, PABAL_CLUSTER: this.#postgres.address },
          onEnd: (node, how) => this.#onNodeEnd(node, how),
        }),
    )
  }

  async #waitForFirst(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    const beganAt = clock.monotonic()
    let servesAt: number | undefined
    for (;;) {
      await wait(clock, clusterDevLimits.lookMs, signal)
      signal.throwIfAborted()
      const now = clock.monotonic()
      if (this.#serving !== undefined) servesAt ??= now
      const isSettled = this.#nodes.every(
        ({ state }) => state === 'serves' || state === 'stands by',
      )
      if (servesAt !== undefined && (isSettled || now - servesAt > clusterDevLimits.standbyMsMax)) {
        return
      }
      if (servesAt === undefined && now - beganAt > clusterDevLimits.readyMsMax) {
        const [first] = this.#nodes
        const why = first === undefined ? '' : lastLines(first.logFile)
        throw new ExitError(exitCodes.unavailable, `no node serves: ${why}`)
      }
    }
  }

  #description(): string[] {
    const { folder, logs, word } = this.#plan
    const fronts = this.#fronts?.ports ?? { amqp: 0, kafka: 0, http: 0 }
    const objects = this.#objects?.url ?? ''
    const postgres = this.#postgres
    return describeCluster({ nodes: this.#nodes, fronts, postgres, objects, folder, logs, word })
  }

  #look(): void {
    for (const node of this.#nodes) {
      node.look()
      if (node.state === 'serves' && node !== this.#serving) this.#onServing(node)
      if (node.state === 'ended') this.#startAgain(node)
    }
    if (this.#serving === undefined) this.#lookWhetherDown()
  }

  #onServing(node: DevNode): void {
    const previous = this.#serving
    const { clock } = this.#parts
    this.#serving = node
    this.#fronts?.lead(node.ports)
    if (previous !== undefined) {
      this.#tell(`${previous.name} (process ${previous.pid ?? 0}) ${replacedNode}`)
      previous.replace()
    }
    const isFirst = previous === undefined && this.#lostAt === undefined
    if (!isFirst) this.#tell(takeover(node, { lostAt: this.#lostAt, now: clock.monotonic() }))
    this.#lostAt = undefined
  }

  #onNodeEnd(node: DevNode, how: string): void {
    if (this.#stopping.signal.aborted) return
    const { clock } = this.#parts
    const isAlone = this.#nodes.every((other) => other === node || other.state === 'ended')
    this.#tell(endOfNode(node, how, isAlone))
    if (node === this.#serving) {
      this.#serving = undefined
      this.#fronts?.lead(undefined)
      this.#lostAt = clock.monotonic()
      this.#unservedSince = this.#lostAt
    }
    if (node.failureCount < clusterDevLimits.failuresMax) return
    const why = lastLines(node.logFile)
    this.#failed.reject(
      new ExitError(exitCodes.software, `${node.name} ends at each start: ${why}`),
    )
  }

  /** The one that served comes back as one that stands by, so it waits for another one to take over. */
  #startAgain(node: DevNode): void {
    const goneMs = this.#parts.clock.monotonic() - node.endedAt
    const isOtherThere = this.#nodes.some((other) => other.state !== 'ended')
    const isWaiting = this.#serving === undefined && isOtherThere
    const patience = isWaiting ? clusterDevLimits.takeoverMsMax : clusterDevLimits.restartMs
    if (goneMs < patience) return
    node.launch()
    this.#tell(`${node.name} is started again (process ${node.pid ?? 0})`)
  }

  #lookWhetherDown(): void {
    const { clock } = this.#parts
    const unservedMs = clock.monotonic() - this.#unservedSince
    if (this.#isReopening || unservedMs < clusterDevLimits.unservedMs) return
    this.#isReopening = true
    void this.#reopen()
  }

  async #reopen(): Promise<void> {
    const { clock } = this.#parts
    try {
      if ((await reopenCells(this.#postgres.address)).length > 0) this.#tell(cellWasDown)
    } catch {
      // PostgreSQL does not answer at this moment.
    }
    clock.after(clusterDevLimits.downLookMs, () => (this.#isReopening = false))
  }

  async #bringPostgresBack(how: string): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#stopping
    this.#tell(`PostgreSQL was ended by ${how}: nothing is confirmed until it is back`)
    for (let failures = 1; !signal.aborted; failures++) {
      await wait(clock, clusterDevLimits.restartMs, signal)
      if (signal.aborted) return
      try {
        await this.#postgres.start()
        this.#tell(`PostgreSQL is back (process ${this.#postgres.pid ?? 0})`)
        return
      } catch (error) {
        if (failures < clusterDevLimits.failuresMax) continue
        this.#failed.reject(error)
        return
      }
    }
  }

  #tell(text: string): void {
    const { clock, terminal } = this.#parts
    const time = new Date(clock.now()).toTimeString().slice(0, 8)
    terminal.print(`${time}  ${text}`)
  }
}
