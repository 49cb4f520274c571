// Opens what a node of a cluster keeps its data in: waits until the cell is this node's, then gives it a disk on
// PostgreSQL and objects. The data folder holds copies only.
import os from 'node:os'
import path from 'node:path'
import type { FileDoors } from '../cell/storage.ts'
import type { Clock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import { RepeatedNotice } from '../lib/repeated-notice.ts'
import type { ServingGate } from '../lib/serving-gate.ts'
import { version } from '../lib/version.ts'
import { clusterLimits } from '../limits/cluster.ts'
import { CellObjects } from '../log/cluster/cell-objects.ts'
import type { CellTable } from '../log/cluster/cell-table.ts'
import { openClusterDisk } from '../log/cluster/cluster-disk.ts'
import { checkObjects } from '../log/cluster/objects/check-objects.ts'
import { parseObjectAddress } from '../log/cluster/objects/object-address.ts'
import { ObjectCache } from '../log/cluster/objects/object-cache.ts'
import type { ObjectStore } from '../log/cluster/objects/object-store.ts'
import { RequestPatience } from '../log/cluster/objects/request-patience.ts'
import { openS3Objects, type S3ObjectsOptions } from '../log/cluster/objects/s3-objects.ts'
import { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import { systemTopologyFiles } from '../meta/topology-files.ts'
import { ClusterMember } from './cluster-member.ts'
import { joinPatiently } from './join-patiently.ts'

export interface ClusterOptions {
  /** `postgres://user@host1,host2/database`. */
  readonly cluster: string
  /** `s3://bucket/prefix?endpoint=…`. */
  readonly objects: string
  readonly nodeName: string | undefined
  /** The data folder. */
  readonly data: string
}

export interface ClusterParts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Nothing that this process does counts any more. */
  readonly onLost: (error: Error) => void
}

/** The only cell, so far. */
const CELL = 0

/** A cell of a cluster, as long as it is this node's. */
export interface OpenedCluster extends AsyncDisposable {
  readonly doors: FileDoors
  /** Open while the node may serve. */
  readonly gate: ServingGate
}

/** Resolves when the cell is this node's, which may take for ever: until then it stands by. */
export async function openCluster(
  options: ClusterOptions,
  parts: ClusterParts,
): Promise<OpenedCluster> {
  const { clock, random, logger, onLost } = parts
  const notice = new RepeatedNotice(clock, clusterLimits.noticeMs)
  const name = options.nodeName ?? os.hostname()
  const address = objectAddressOf(options.objects)
  const tables = await openTables(options.cluster, parts, notice)
  await checkServer(tables, logger)
  const patience = { clock, random, onTrouble: troubleTeller(notice, logger) }
  const objects = await openObjects({ address, ...patience })
  const info = JSON.stringify({ version, pid: process.pid })
  const self = await joinPatiently(
    tables,
    { name, address: '', info },
    {
      clock,
      onTrouble: (error) =>
        notice.tell('join', () => logger.warn(`PostgreSQL: ${error.message}; trying again`)),
    },
  )
  const member = new ClusterMember({ tables, self, name, clock, logger, onLost })
  const endMember = async (): Promise<void> => {
    await member.close()
    objects.close()
    notice.close()
  }
  const table = await standBy(member, name, parts).catch(async (error: Error) => {
    await endMember()
    throw error
  })
  logger.info(`${name} owns cell ${CELL} from now on (epoch ${table.epoch})`)
  const disk = createSystemDisk({ clock })
  const folder = path.resolve(options.data)
  const onTrouble = (error: Error): void =>
    notice.tell('local', () => logger.warn(`The local copies fail: ${error.message}`))
  const closing = new AbortController()
  const cache = await ObjectCache.open({
    objects,
    patience: new RequestPatience(patience),
    disk,
    folder: path.join(folder, 'objects'),
    // A store that is away is not asked for ever by whoever is gone.
    requestLimits: { signal: closing.signal },
    onLocalTrouble: onTrouble,
  })
  const owner = { cell: CELL, epoch: table.epoch }
  const cellObjects = new CellObjects({ owner, objects, cache, clock, random, onTrouble })
  const root = `cell ${CELL}`
  const clusterDisk = await openClusterDisk({
    table,
    reader: cellObjects,
    writer: cellObjects,
    local: { disk, path: path.join(folder, 'open') },
    root,
  })
  cellObjects.sweepFor({
    readNames: () => namesOf(table),
    isStillOwner: () => isStillOwner(table),
  })
  return {
    gate: member.gate,
    doors: {
      disk: clusterDisk,
      topologyFiles: systemTopologyFiles,
      remote: { root, localDisk: disk },
    },
    async [Symbol.asyncDispose]() {
      cellObjects.close()
      closing.abort()
      await clusterDisk.close()
      await endMember()
    },
  }
}

/** Waits for the cell, and says so when that takes a while. */
async function standBy(
  member: ClusterMember,
  name: string,
  { clock, logger }: ClusterParts,
): Promise<CellTable> {
  const notice = clock.after(clusterLimits.standbyNoticeMs, () => {
    logger.info(`${name} stands by: another node serves, and this one takes over when it is gone`)
  })
  try {
    return await member.own(CELL)
  } finally {
    notice.stop()
  }
}

/** A server that loses what is confirmed serves nobody. */
async function checkServer(tables: ClusterTables, logger: Logger): Promise<void> {
  for (const { kind, text } of await tables.checkServer()) {
    const whole = `the cluster's PostgreSQL: ${text}`
    if (kind === 'refuse') throw new ExitError(exitCodes.config, whole)
    const advice =
      kind === 'advice' ? '' : '. What is confirmed is on one machine: see docs/cluster.md'
    logger.warn(`${whole}${advice}`)
  }
}

async function openTables(
  address: string,
  { clock, random, logger }: ClusterParts,
  notice: RepeatedNotice,
): Promise<ClusterTables> {
  try {
    return await ClusterTables.open({
      address,
      clock,
      random,
      cellCount: 1,
      onTrouble: (cell, trouble) => {
        if (trouble === undefined) return
        notice.tell(`cell ${cell}`, (count) => {
          const often = count === 1 ? '' : `, ${count} times`
          logger.warn(`PostgreSQL fails cell ${cell}${often}: ${trouble.message}; trying again`)
        })
      },
    })
  } catch (error) {
    const { message } = error as Error
    throw new ExitError(
      exitCodes.unavailable,
      `the cluster's PostgreSQL cannot be used: ${message}`,
    )
  }
}

/** Before anything is owned: a node whose objects do not work would take a cell and not serve it. */
async function openObjects(options: S3ObjectsOptions): Promise<ObjectStore> {
  const objects = await openS3Objects(options)
  try {
    await checkObjects(objects, options.random)
    return objects
  } catch (error) {
    objects.close()
    const { message } = error as Error
    throw new ExitError(exitCodes.unavailable, `the cluster's objects cannot be used: ${message}`)
  }
}

function objectAddressOf(text: string): ReturnType<typeof parseObjectAddress> {
  try {
    return parseObjectAddress(text)
  } catch (error) {
    throw new ExitError(exitCodes.usage, (error as Error).message)
  }
}

function troubleTeller(
  notice: RepeatedNotice,
  logger: Logger,
): (trouble: { readonly error: Error }) => void {
  return ({ error }) => {
    notice.tell('objects', (count) => {
      const often = count === 1 ? '' : `, ${count} times`
      logger.warn(`The store of objects fails${often}: ${error.message}; trying again`)
    })
  }
}

async function namesOf(table: CellTable): Promise<ReadonlySet<string>> {
  return new Set([...(await table.finishedFiles()).values()].map(({ key }) => key))
}

/** Only a write proves it: the row of a primary that has been replaced says so for ever. */
async function isStillOwner(table: CellTable): Promise<boolean> {
  try {
    await table.proveOwner()
    return true
  } catch {
    return false
  }
}
