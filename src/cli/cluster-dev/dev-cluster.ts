// A whole cluster on this machine: PostgreSQL, a double of S3, and nodes that all take clients.
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
import { CellWatch } from './cell-watch.ts'
import * as words from './cluster-words.ts'
import { DevNode } from './dev-node.ts'
import type { PostgresUser } from './find-postgres.ts'
import { lastLines } from './last-lines.ts'
import { chooseNodePorts, type NodePorts, type WantedPorts } from './node-ports.ts'
import { OwnPostgres } from './own-postgres.ts'
import { countCells, reopenCells } from './reopen-cell.ts'

/** Both protocols are within WebSocket at the port of HTTP, too. */
const closedPorts = ['metrics', 'mqtt-ws', 'stomp-ws'].flatMap((name) => [`--${name}-port`, 'off'])

export interface DevClusterPlan {
  /** All that the cluster keeps; nobody else uses it. */
  readonly folder: string
  /** Is there, and PostgreSQL's own. */
  readonly postgresFolder: string
  /** The same of its standby, where there is to be one. */
  readonly standbyFolder: string | undefined
  /** Are there. */
  readonly logs: string
  readonly objects: string
  readonly nodeCount: number
  /** Of the first node. */
  readonly ports: WantedPorts
  /** Folder of PostgreSQL's programs, and who runs them. */
  readonly programs: string
  readonly user: PostgresUser | undefined
  /** What nodes inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What starts this program. */
  readonly word: string
}

/** What is said of it. */
interface EndedServer {
  readonly name: string
  readonly how: string
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
  readonly #standby: OwnPostgres | undefined
  readonly #failed = Promise.withResolvers<never>()
  #objects: S3Double | undefined
  readonly #cells: CellWatch
  #cellCount = 0
  #nodes: readonly DevNode[] = []
  #timer: Timer | undefined
  /** Where cells are now is not told yet. */
  #haveMoved = false
  #isShown = false
  #isReopening = false

  constructor(plan: DevClusterPlan, parts: DevClusterParts) {
    this.#plan = plan
    this.#parts = parts
    this.#failed.promise.catch(() => undefined)
    this.#cells = new CellWatch({
      onServedAgain: (loss) => this.#tell(words.servedAgain(loss, parts.clock.monotonic())),
      onEmptied: (name, count) => this.#onEmptied(name, count),
    })
    const { programs, user, postgresFolder, standbyFolder, logs } = plan
    const common = { ...parts, programs, user }
    const hasStandby = standbyFolder !== undefined
    this.#postgres = new OwnPostgres({
      ...common,
      folder: postgresFolder,
      logFile: path.join(logs, 'postgresql.log'),
      hasStandby,
      onEnd: (how) => void this.#bringBack(this.#postgres, { name: 'PostgreSQL', how }),
    })
    if (!hasStandby) return
    const standby = new OwnPostgres({
      ...common,
      folder: standbyFolder,
      logFile: path.join(logs, 'postgresql-standby.log'),
      follows: this.#postgres,
      onEnd: (how) => void this.#bringBack(standby, { name: "PostgreSQL's standby", how }),
    })
    this.#standby = standby
  }

  /** Rejects with an `ExitError` when it cannot go on. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** Resolves when all nodes serve, with all cells. Rejects with an `ExitError`, or because of a stop. */
  async start(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, random, terminal } = this.#parts
    const ports = await chooseNodePorts(this.#plan.ports, this.#plan.nodeCount)
    terminal.showProgress('Starting PostgreSQL…')
    for (const server of [this.#postgres, this.#standby]) {
      await server?.prepare()
      signal.throwIfAborted()
      await server?.start()
      signal.throwIfAborted()
    }
    this.#objects = await S3Double.open({ folder: this.#plan.objects, clock, random })
    signal.throwIfAborted()
    terminal.showProgress(`Starting ${this.#plan.nodeCount} nodes…`)
    this.#cellCount = await countCells(this.#postgres.address)
    this.#nodes = ports.map((each, index) => this.#makeNode(`n${index + 1}`, each))
    for (const node of this.#nodes) node.launch()
    this.#timer = clock.every(clusterDevLimits.lookMs, () => this.#look())
    await this.#waitForAll(signal)
    for (const line of this.#description()) terminal.print(line)
    this.#isShown = true
  }

  /** Resolves when nothing of it runs. */
  async stop(): Promise<void> {
    this.#stopping.abort(new ExitError(exitCodes.tryLater, 'stopped before it was ready'))
    this.#timer?.stop()
    await Promise.all(this.#nodes.map((node) => node.stop()))
    await this.#postgres.stop()
    await this.#standby?.stop()
    await this.#objects?.close()
  }

  /** Somebody does not want to wait. PostgreSQL is ended by its guard. */
  kill(): void {
    for (const node of this.#nodes) node.kill()
  }

  #makeNode(name: string, ports: NodePorts): DevNode {
    const { folder, logs, environment } = this.#plan
    const endpoint = encodeURIComponent(this.#objects?.url ?? '')
    const objects = ['--objects', `s3://cluster/dev?endpoint=${endpoint}`]
    return new DevNode({
      clock: this.#parts.clock,
      name,
      ports,
      folder: path.join(folder, name),
      logFile: path.join(logs, `${name}.log`),
      // The others learn where that is from PostgreSQL.
      flags: [...objects, '--node-port', '0', ...closedPorts],
      // In flags everybody on this machine would read the password.
      environment: { ...environment, PABAL_CLUSTER: this.#postgres.address },
      onServes: (node, cell, epoch) => {
        this.#haveMoved = true
        this.#cells.onServes(node.name, cell, epoch)
      },
      onEnd: (node, how) => this.#onNodeEnd(node, how),
    })
  }

  async #waitForAll(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    const beganAt = clock.monotonic()
    let servesAt: number | undefined
    for (;;) {
      await wait(clock, clusterDevLimits.lookMs, signal)
      signal.throwIfAborted()
      const now = clock.monotonic()
      if (this.#nodes.some(({ state }) => state === 'serves')) servesAt ??= now
      if (servesAt !== undefined) {
        if (this.#isSettled || now - servesAt > clusterDevLimits.settleMsMax) return
      } else if (now - beganAt > clusterDevLimits.readyMsMax) {
        const [first] = this.#nodes
        const why = first === undefined ? '' : lastLines(first.logFile)
        throw new ExitError(exitCodes.unavailable, `no node serves: ${why}`)
      }
    }
  }

  /** All nodes are there, and each has its share of the cells. */
  get #isSettled(): boolean {
    return (
      this.#nodes.every(({ state }) => state === 'serves') &&
      this.#cells.servedCount === this.#cellCount &&
      this.#cells.isEven(this.#nodes.map(({ name }) => name))
    )
  }

  #description(): string[] {
    const { folder, logs, word } = this.#plan
    const objects = this.#objects?.url ?? ''
    this.#haveMoved = false
    this.#cells.settle()
    return words.describeCluster({
      nodes: this.#nodes,
      cells: this.#cells,
      postgres: this.#postgres,
      standby: this.#standby,
      objects,
      folder,
      logs,
      word,
    })
  }

  #look(): void {
    for (const node of this.#nodes) {
      node.look()
      if (node.state === 'ended') this.#startAgain(node)
    }
    const now = this.#parts.clock.monotonic()
    const { lostSince } = this.#cells
    if (lostSince !== undefined && now - lostSince > clusterDevLimits.unservedMs) {
      this.#lookWhetherDown()
    }
    if (this.#isShown && this.#haveMoved && this.#isSettled) this.#tellSpread()
  }

  #tellSpread(): void {
    this.#haveMoved = false
    this.#cells.settle()
    this.#tell(words.spread(this.#nodes, this.#cells))
  }

  #onEmptied(name: string, count: number): void {
    const node = this.#nodes.find((each) => each.name === name)
    if (this.#isShown && node?.state === 'serves') this.#tell(words.emptied(node, count))
  }

  #onNodeEnd(node: DevNode, how: string): void {
    if (this.#stopping.signal.aborted) return
    const { clock } = this.#parts
    const isAlone = this.#nodes.every((other) => other === node || other.state === 'ended')
    this.#tell(words.endOfNode(node, { how, count: this.#cells.countOf(node.name), isAlone }))
    this.#cells.onEnd(node.name, clock.monotonic())
    if (node.failureCount < clusterDevLimits.failuresMax) return
    const why = lastLines(node.logFile)
    this.#failed.reject(
      new ExitError(exitCodes.software, `${node.name} ends at each start: ${why}`),
    )
  }

  /** Started at once it would take its cells back, and nobody would see that others can. */
  #startAgain(node: DevNode): void {
    const goneMs = this.#parts.clock.monotonic() - node.endedAt
    const isOtherThere = this.#nodes.some((other) => other.state !== 'ended')
    const isWaiting = this.#cells.lostSince !== undefined && isOtherThere
    const patience = isWaiting ? clusterDevLimits.takeoverMsMax : clusterDevLimits.restartMs
    if (goneMs < patience) return
    node.launch()
    this.#tell(`${node.name} is started again (process ${node.pid ?? 0})`)
  }

  #lookWhetherDown(): void {
    if (this.#isReopening) return
    this.#isReopening = true
    void this.#reopen()
  }

  async #reopen(): Promise<void> {
    const { clock } = this.#parts
    try {
      if ((await reopenCells(this.#postgres.address)).length > 0) this.#tell(words.cellWasDown)
    } catch {
      // PostgreSQL does not answer at this moment.
    }
    clock.after(clusterDevLimits.downLookMs, () => (this.#isReopening = false))
  }

  async #bringBack(server: OwnPostgres, { name, how }: EndedServer): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#stopping
    this.#tell(`${name} was ended by ${how}: nothing is confirmed until it is back`)
    for (let failures = 1; !signal.aborted; failures++) {
      await wait(clock, clusterDevLimits.restartMs, signal)
      if (signal.aborted) return
      try {
        await server.start()
        this.#tell(`${name} is back (process ${server.pid ?? 0})`)
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
