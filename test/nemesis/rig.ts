// What the nemesis plays with: PostgreSQL with its standby, a store of objects, three nodes as processes, and the
// links between them. An audit table in PostgreSQL has each epoch with its owner and its time.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/cli/cluster-dev/free-port.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { S3Double } from '../../src/s3-double/s3-double.ts'
import { waitFor } from '../support/wait-for.ts'
import { PostgresPair } from './postgres-pair.ts'
import { RigNode } from './rig-node.ts'

/** An epoch of a cell, and when it began. */
export interface EpochBegun {
  readonly cell: number
  readonly epoch: number
  /** Name of the node, or undefined where nobody has the cell. */
  readonly owner: string | undefined
  /** Milliseconds since the Unix epoch, by the machine's clock, which the clients have as well. */
  readonly at: number
}

/** On a machine that is busy. */
const startMsMax = 120_000

export interface RigOptions {
  readonly nodeCount: number
  readonly bug: string | undefined
}

export class Rig implements AsyncDisposable {
  readonly postgres: PostgresPair
  readonly objects: S3Double
  readonly nodes: readonly RigNode[]
  /** The process that takes a node's name; not started. */
  readonly twin: RigNode
  /** One that joins now and then, and goes; not started. */
  readonly guest: RigNode
  readonly folder: string
  #keepsFolder = false
  readonly #endQuickly = (): void => {
    for (const node of this.all) node.kill()
  }

  private constructor(
    parts: Pick<Rig, 'postgres' | 'objects' | 'nodes' | 'twin' | 'guest' | 'folder'>,
  ) {
    this.postgres = parts.postgres
    this.objects = parts.objects
    this.nodes = parts.nodes
    this.twin = parts.twin
    this.guest = parts.guest
    this.folder = parts.folder
    process.on('exit', this.#endQuickly)
    this.postgres.onMoved = () => this.#relink()
  }

  static async start({ nodeCount, bug }: RigOptions): Promise<Rig> {
    // The store takes any; the SDK looks for some.
    process.env['AWS_ACCESS_KEY_ID'] ??= 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test'
    const folder = mkdtempSync(join(tmpdir(), 'pabal-nemesis-'))
    const stored = join(folder, 'objects')
    mkdirSync(stored)
    const clocks = { clock: systemClock, random: systemRandom }
    const objects = await S3Double.open({ folder: stored, ...clocks })
    const postgres = await PostgresPair.start()
    const create = async (name: string, index: number): Promise<RigNode> =>
      RigNode.create({
        name,
        ports: { amqp: await freePort(), kafka: await freePort(), link: await freePort() },
        folder: join(folder, `node-${index}`),
        postgresPorts: postgres.ports,
        objectsPort: Number(new URL(objects.url).port),
        bug,
      })
    const nodes: RigNode[] = []
    for (let index = 0; index < nodeCount; index++) nodes.push(await create(`n${index + 1}`, index))
    const twin = await create('n1', nodeCount)
    const guest = await create('guest', nodeCount + 1)
    const rig = new Rig({ postgres, objects, nodes, twin, guest, folder })
    nodes[0]?.start()
    await rig.#audit()
    for (const node of nodes) node.start()
    // Or all clients would come to the first, and nobody be passed on.
    const isReady = (): boolean => nodes.every((node) => node.hasBeenReady)
    await waitFor('all nodes take clients', isReady, startMsMax)
    return rig
  }

  /** With those that do not run all the time. */
  get all(): readonly RigNode[] {
    return [...this.nodes, this.twin, this.guest]
  }

  /** Those that clients may try. */
  get ports(): readonly { readonly amqp: number; readonly kafka: number }[] {
    return this.all.map(({ ports }) => ports)
  }

  /** Starts what has ended: a node that lost its cell ends by itself. */
  ensureRunning(): void {
    for (const node of this.nodes) node.start()
  }

  /** The node that has the first cell now; waits until there is one. */
  async owner(patienceMs = 60_000): Promise<RigNode> {
    return waitFor('a node owns the cell', () => this.findOwner(), patienceMs)
  }

  async findOwner(): Promise<RigNode | undefined> {
    const name = await this.postgres.ask(
      `SELECT n.name FROM nemesis.cells c JOIN nemesis.nodes n ON n.node = c.owner
        AND n.incarnation = c.owner_incarnation WHERE c.cell = 0`,
    )
    if (name === this.twin.name && !this.twin.isGone) return this.twin
    return [...this.nodes, this.guest].find((node) => node.name === name && !node.isGone)
  }

  async cellCountOf({ name }: RigNode): Promise<number> {
    const count = await this.postgres.ask(
      `SELECT count(*) FROM nemesis.cells c JOIN nemesis.nodes n ON n.node = c.owner
        AND n.incarnation = c.owner_incarnation WHERE n.name = '${name}'`,
    )
    return Number(count)
  }

  /** Whoever runs a cluster sees that owners crash, and that they were killed: without that cells stay down. */
  async forgiveCrashes(): Promise<void> {
    await this.postgres.ask(
      `UPDATE nemesis.cells SET crashes = '{}', is_down = false WHERE crashes <> '{}' OR is_down`,
    )
  }

  async epochs(): Promise<EpochBegun[]> {
    const text = await this.postgres.ask(
      `SELECT coalesce(json_agg(json_build_object('cell', a.cell, 'epoch', a.epoch, 'at', a.at, 'owner', n.name)
        ORDER BY a.cell, a.epoch), '[]') FROM nemesis_audit a LEFT JOIN nemesis.nodes n ON n.node = a.owner`,
    )
    const rows = JSON.parse(text) as (Omit<EpochBegun, 'owner'> & { owner: string | null })[]
    return rows.map((row) => ({ ...row, owner: row.owner ?? undefined }))
  }

  /** The folder stays, for whoever looks for what went wrong. */
  keepLogs(): void {
    this.#keepsFolder = true
    process.stdout.write(`logs of the nodes are in ${this.folder}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#endQuickly)
    for (const node of this.all) await node.dispose()
    await this.objects.close()
    await this.postgres[Symbol.asyncDispose]()
    if (!this.#keepsFolder && !process.env['NEMESIS_KEEP'])
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #audit(): Promise<void> {
    await waitFor(
      'the tables are made',
      async () =>
        (await this.postgres.ask(`SELECT to_regclass('nemesis.cells') IS NOT NULL`)) === 't',
      startMsMax,
    )
    await this.postgres.ask(`
      CREATE TABLE nemesis_audit (cell int, epoch bigint, owner int, at float8);
      CREATE FUNCTION nemesis_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO nemesis_audit VALUES (new.cell, new.epoch, new.owner, extract(epoch FROM clock_timestamp()) * 1000);
        RETURN NULL; END $$;
      CREATE TRIGGER nemesis_note AFTER UPDATE ON nemesis.cells FOR EACH ROW
        WHEN (old.epoch IS DISTINCT FROM new.epoch) EXECUTE FUNCTION nemesis_note();
      INSERT INTO nemesis_audit SELECT cell, epoch, owner, extract(epoch FROM clock_timestamp()) * 1000
        FROM nemesis.cells WHERE epoch > 0`)
  }

  #relink(): void {
    const { ports } = this.postgres
    for (const { links } of this.all) {
      for (const [place, link] of links.postgres.entries()) link.targetPort = ports[place] ?? 0
    }
  }
}
