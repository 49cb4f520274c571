// How a data folder of an older version becomes one of this version. The manifest says which version a
// folder has. A later version that only added something reads the folder as it is; every other change of a
// format brings a migration.
//
// Invariant: a migration changes no file that the manifest lists. It writes new ones, and they count with
// the manifest that lists them instead: a crash before that leaves the old folder and files that the next
// start removes, a crash after it the new one.
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { encodeManifest, manifestName } from './manifest.ts'
import type { ManifestContent } from './manifest.ts'

/** A data folder that is being migrated. */
export interface MigratingFolder {
  readonly disk: Disk
  /** The data folder. */
  readonly path: string
  readonly content: ManifestContent
  /** An id for a new data file, durably never used again, whatever becomes of the migration. */
  readonly reserveFileId: () => Promise<number>
}

/** The step from one version to the next. */
export interface Migration {
  readonly from: number
  /**
   * Writes and syncs what the new version needs, with the names, and returns the manifest that lists it.
   * Left out, the new version only added something.
   */
  readonly migrate?: (folder: MigratingFolder) => Promise<ManifestContent>
}

/** All steps, in order, up to `formatVersion`. */
export const migrations: readonly Migration[] = [
  // 4 added notes of cursors.
  { from: 3 },
  // 5 added logs that are written anew: `replaced` in the manifest, delete horizons in runs of messages.
  { from: 4 },
]

/** The steps from `version` to `current`; undefined when one is missing. */
export function stepsFrom(
  version: number,
  current: number,
  known: readonly Migration[] = migrations,
): readonly Migration[] | undefined {
  const steps = known.filter(({ from }) => from >= version && from < current)
  return version <= current && steps.length === current - version ? steps : undefined
}

/** Takes the steps one after the other; after each, the folder is one of the next version. */
export async function takeSteps(
  { disk, path, content }: Pick<MigratingFolder, 'disk' | 'path' | 'content'>,
  steps: readonly Migration[],
): Promise<ManifestContent> {
  let now = content
  const write = async (next: ManifestContent): Promise<void> => {
    await disk.replace(join(path, manifestName), encodeManifest(next))
    now = next
  }
  const reserveFileId = async (): Promise<number> => {
    const id = now.nextFileId
    await write({ ...now, nextFileId: id + 1 })
    return id
  }
  for (const { from, migrate } of steps) {
    const next = await migrate?.({ disk, path, content: now, reserveFileId })
    const { nextFileId } = now
    if (next !== undefined) await write({ ...next, nextFileId, version: from + 1 })
  }
  return now
}
