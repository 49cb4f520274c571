// Names complete checkpoints in the manifest, one at a time: files before the newest one are free
// to go from then on.
import { syncFile } from './file-operations.ts'
import type { CheckpointPlace, Manifest } from './manifest.ts'
import type { Segment } from './segment.ts'

export interface CheckpointListingOptions {
  readonly segments: ReadonlySet<Segment>
  readonly manifest: Manifest
  /** The manifest names a checkpoint. */
  readonly onListed: () => void
  readonly onTrouble: (error: Error) => void
}

export class CheckpointListing {
  readonly #options: CheckpointListingOptions
  #last: Promise<void> = Promise.resolve()

  constructor(options: CheckpointListingOptions) {
    this.#options = options
  }

  /** A checkpoint is complete in the WAL. */
  add(checkpoint: CheckpointPlace): void {
    this.#last = this.#list(checkpoint).catch(this.#options.onTrouble)
  }

  /** Resolves when the checkpoint added last is listed, or failed to be. */
  whenDone(): Promise<void> {
    return this.#last
  }

  async #list(checkpoint: CheckpointPlace): Promise<void> {
    const { segments, manifest, onListed } = this.#options
    // With durability `os` the checkpoint itself may not be on stable storage yet.
    for (const segment of segments) {
      if (segment.id >= checkpoint.fileId && segment.state === 'open') await syncFile(segment.file)
    }
    // From here on a gap that a repair left is behind the checkpoint.
    await manifest.update(({ isRepaired: _isRepaired, isLossy: _isLossy, ...rest }) => ({
      ...rest,
      checkpoint,
    }))
    onListed()
  }
}
