// The database and the objects of a cluster, for commands that work on them while no node runs.
import { systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { systemRandom } from '../../lib/random.ts'
import { RepeatedNotice } from '../../lib/repeated-notice.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import { checkObjects } from '../../log/cluster/objects/check-objects.ts'
import { parseObjectAddress } from '../../log/cluster/objects/object-address.ts'
import type { ObjectStore } from '../../log/cluster/objects/object-store.ts'
import { openS3Objects } from '../../log/cluster/objects/s3-objects.ts'
import { ClusterTables } from '../../log/cluster/postgres/cluster-tables.ts'
import type { Session } from '../remote-command.ts'

/** Where a cluster is. */
export interface ClusterPlace {
  readonly cluster: string
  readonly objects: string
}

export interface ClusterStore extends AsyncDisposable {
  readonly tables: ClusterTables
  readonly objects: ObjectStore
}

/** Throws an `ExitError` that says which of both does not work. */
export async function openClusterStore(
  { cluster, objects: objectsAddress }: ClusterPlace,
  { terminal }: Session,
): Promise<ClusterStore> {
  const notice = new RepeatedNotice(systemClock, clusterLimits.noticeMs)
  const tell = (what: string, { message }: Error): void =>
    notice.tell(what, () => terminal.tell(`${what} fails: ${message}; trying again`))
  const address = readAddress(objectsAddress)
  const parts = { clock: systemClock, random: systemRandom }
  const tables = await ClusterTables.open({
    ...parts,
    address: cluster,
    onTrouble: (_cell, trouble) => trouble && tell('PostgreSQL', trouble),
  }).catch((error: Error) => unusable("the cluster's PostgreSQL", error))
  const objects = await openS3Objects({
    ...parts,
    address,
    onTrouble: ({ error }) => tell('The store of objects', error),
  })
  const close = (): void => {
    objects.close()
    tables.close()
    notice.close()
  }
  try {
    await checkServer(tables)
    await checkObjects(objects, systemRandom).catch((error: Error) =>
      unusable("the cluster's store of objects", error),
    )
  } catch (error) {
    close()
    throw error
  }
  return { tables, objects, [Symbol.asyncDispose]: async () => close() }
}

function readAddress(text: string): ReturnType<typeof parseObjectAddress> {
  try {
    return parseObjectAddress(text)
  } catch (error) {
    throw new ExitError(exitCodes.usage, (error as Error).message)
  }
}

/** A server that may lose what it has is no place for data. */
async function checkServer(tables: ClusterTables): Promise<void> {
  const refusal = (await tables.checkServer()).find(({ kind }) => kind === 'refuse')
  if (refusal !== undefined) {
    throw new ExitError(exitCodes.config, `the cluster's PostgreSQL: ${refusal.text}`)
  }
}

function unusable(what: string, { message }: Error): never {
  throw new ExitError(exitCodes.unavailable, `${what} cannot be used: ${message}`)
}
