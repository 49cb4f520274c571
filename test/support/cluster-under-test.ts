// A cluster of real broker processes: PostgreSQL, the S3 double, and nodes on free ports. Who owns which cell is asked
// in PostgreSQL.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClusterJson } from '../../src/admin/v1/cluster-json.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { PostgresServer } from './postgres/postgres-server.ts'
import { TestBroker } from './start-test-broker.ts'
import { waitFor } from './wait-for.ts'

/** Nodes start beside others' tests, and owners are dead after five seconds. */
export const slowMsMax = 60_000
/** Two for each of three nodes: they move two a second, and each has to be opened. */
const cellCount = 6

export class ClusterUnderTest implements AsyncDisposable {
  readonly postgres: PostgresServer
  readonly #objects: S3Double
  readonly #folder: string
  readonly #nodes = new Map<string, TestBroker>()

  private constructor(postgres: PostgresServer, objects: S3Double, folder: string) {
    this.postgres = postgres
    this.#objects = objects
    this.#folder = folder
  }

  static async start(): Promise<ClusterUnderTest> {
    // The store takes any; the SDK looks for some.
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
    const folder = mkdtempSync(join(tmpdir(), 'pabal-s3-'))
    const postgres = await PostgresServer.start({ fsync: 'on', max_connections: '200' })
    const objects = await S3Double.open({ folder, clock: systemClock, random: systemRandom })
    return new ClusterUnderTest(postgres, objects, folder)
  }

  /** Where the store keeps its objects. */
  get objectsFolder(): string {
    return this.#folder
  }

  /** Of the store. */
  get objectsAddress(): string {
    return `s3://bucket/cluster?endpoint=${encodeURIComponent(this.#objects.url)}`
  }

  /** A node that takes clients. One of the same name is left to itself. */
  async startNode(name: string, flags: readonly string[] = []): Promise<TestBroker> {
    const address = `${this.postgres.address}?schema=cluster`
    const cluster = ['--cluster', address, '--objects', this.objectsAddress, '--node-name', name]
    const ports = ['--node-port', '0', '--kafka-port', '0', '--http-port', '0']
    const cells = ['--cluster-cells', `${cellCount}`]
    const node = await TestBroker.start([...cluster, ...cells, ...ports, ...flags], [], slowMsMax)
    this.#nodes.set(`${name} ${node.pid}`, node)
    return node
  }

  /** Cell → name of its owner; those that nobody has are left out. */
  async owners(): Promise<Map<number, string>> {
    const rows = await this.postgres.run(
      `SELECT c.cell, n.name FROM cluster.cells c JOIN cluster.nodes n ON n.node = c.owner
        AND n.incarnation = c.owner_incarnation ORDER BY c.cell`,
    )
    return new Map(
      rows
        .split('\n')
        .filter((row) => row !== '')
        .map((row) => row.split('|') as [string, string])
        .map(([cell, name]) => [Number(cell), name]),
    )
  }

  /** Tests kill owners more often than cells take without going down. */
  async forgetCrashes(): Promise<void> {
    await this.postgres.run("UPDATE cluster.cells SET crashes = '{}'")
  }

  async ownerOf(cell: number): Promise<string | undefined> {
    return (await this.owners()).get(cell)
  }

  /** Name → number of its cells. */
  async counts(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const name of (await this.owners()).values()) counts[name] = (counts[name] ?? 0) + 1
    return counts
  }

  /** Resolves with how long it took until the owners have so many cells, in milliseconds. */
  async waitForCounts(wanted: Readonly<Record<string, number>>): Promise<number> {
    const begun = performance.now()
    const shown = JSON.stringify(sorted(wanted))
    let last = ''
    try {
      await waitFor(
        `owners have ${shown}`,
        async () => (last = JSON.stringify(sorted(await this.counts()))) === shown,
        slowMsMax,
      )
    } catch (error) {
      throw new Error(`they have ${last}`, { cause: error })
    }
    const ms = performance.now() - begun
    // Clients of a node without cells are passed on, and Kafka's are sent away when it has its first one.
    for (const [name, count] of Object.entries(wanted)) await this.#waitUntilServing(name, count)
    return ms
  }

  /** Until a node knows who has which cell: it hears of it with its next heartbeat, and Kafka's clients of it. */
  async waitUntilKnown(node: TestBroker): Promise<void> {
    const headers = { authorization: `Basic ${btoa('guest:guest')}` }
    const isKnown = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${node.httpPort}/api/v1/cluster`, { headers })
      const { cells } = (await answer.json()) as Pick<ClusterJson, 'cells'>
      const owners = await this.owners()
      return cells.every(({ cell, owner }) => owner !== null && owner === owners.get(cell))
    }
    await waitFor('it knows all owners', isKnown, slowMsMax)
  }

  async #waitUntilServing(name: string, count: number): Promise<void> {
    const node = [...this.#nodes].findLast(([key]) => key.startsWith(`${name} `))?.[1]
    if (node === undefined) return
    const served = (): number => [...node.output.matchAll(/ serves cell /g)].length
    await waitFor(`${name} serves its cells`, () => served() >= count, slowMsMax)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node[Symbol.asyncDispose]()))
    await this.#objects.close()
    await this.postgres[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function sorted(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).toSorted(([left], [right]) => (left < right ? -1 : 1))
}
