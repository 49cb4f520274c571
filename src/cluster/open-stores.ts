// Opens PostgreSQL's tables and the store of objects for a node, and tries both: a node whose stores do not work would
// take cells and not serve them.
import type { Clock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { RepeatedNotice } from '../lib/repeated-notice.ts'
import { checkObjects } from '../log/cluster/objects/check-objects.ts'
import { parseObjectAddress } from '../log/cluster/objects/object-address.ts'
import type { ObjectStore } from '../log/cluster/objects/object-store.ts'
import { openS3Objects, type S3ObjectsOptions } from '../log/cluster/objects/s3-objects.ts'
import { ClusterTables } from '../log/cluster/postgres/cluster-tables.ts'
import type { ServerFinding } from '../log/cluster/postgres/server-check.ts'

interface StoreParts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A server that loses what is confirmed serves nobody. Resolves with whether a second machine has each commit. */
export async function checkServer(tables: ClusterTables, logger: Logger): Promise<boolean> {
  const findings = await tables.checkServer()
  for (const { kind, text } of findings) {
    const whole = `the cluster's PostgreSQL: ${text}`
    if (kind === 'refuse') throw new ExitError(exitCodes.config, whole)
    const advice =
      kind === 'advice' ? '' : '. What is confirmed is on one machine: see docs/cluster.md'
    logger.warn(`${whole}${advice}`)
  }
  return hasStandby(findings)
}

/** Whether a second machine has each commit. */
export function hasStandby(findings: readonly ServerFinding[]): boolean {
  return findings.every(({ kind }) => kind !== 'no standby')
}

/** `cells`: how many, where this makes the cluster. @throws ExitError */
export async function openTables(
  { cluster, cells }: { readonly cluster: string; readonly cells: number | undefined },
  { clock, random, logger }: StoreParts,
  notice: RepeatedNotice,
): Promise<ClusterTables> {
  try {
    const tables = await ClusterTables.open({
      address: cluster,
      clock,
      random,
      ...(cells !== undefined && { cellCount: cells }),
      onTrouble: (cell, trouble) => {
        if (trouble === undefined) return
        // All cells have the same server, so it is said once for all.
        notice.tell('cells', (count) => {
          const often = count === 1 ? '' : `, ${count} times`
          logger.warn(`PostgreSQL fails cell ${cell}${often}: ${trouble.message}; trying again`)
        })
      },
    })
    const { cellCount } = tables.settings
    if (cells !== undefined && cells !== cellCount) {
      logger.warn(`The cluster has ${cellCount} cells: cluster-cells counts only when one is made`)
    }
    return tables
  } catch (error) {
    const { message } = error as Error
    throw new ExitError(
      exitCodes.unavailable,
      `the cluster's PostgreSQL cannot be used: ${message}`,
    )
  }
}

/** Before anything is owned. @throws ExitError */
export async function openObjects(
  address: string,
  parts: Omit<S3ObjectsOptions, 'address'>,
): Promise<ObjectStore> {
  const options = { address: objectAddressOf(address), ...parts }
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

export function troubleTeller(
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
