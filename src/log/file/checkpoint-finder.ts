// Looks for the newest complete checkpoint in WAL files, for a folder whose manifest is lost. With an older
// one a start would find logs that were deleted in a file that is gone.
import type { CheckpointBegin, DecodedCommit, EntryVisitor } from './commit-decoder.ts'
import type { InspectionVisitor } from './inspect-file.ts'
import type { CheckpointPlace } from './manifest.ts'

/** Give it the files in the order of their ids. */
export class CheckpointFinder {
  /** Where it begins; undefined when there is none. */
  newest: CheckpointPlace | undefined
  /** It repeats only topology entries after this one. */
  topologyNeeded = 0
  #begun: { readonly id: number; readonly place: CheckpointPlace } | undefined

  /** Takes what `inspectFile` finds in one file. */
  visitorFor(fileId: number): InspectionVisitor {
    return {
      // A commit that is damaged may be a torn one, which never counted.
      wants: (_position, isClean) => isClean,
      onCommit: (commit) => commit.visit(this.#entriesOf(fileId, commit)),
      onRun: () => {},
    }
  }

  #entriesOf(fileId: number, { position }: DecodedCommit): EntryVisitor {
    return {
      ...ignoring,
      onCheckpointBegin: ({ id }: CheckpointBegin) => {
        this.#begun = { id, place: { fileId, position } }
      },
      onCheckpointEnd: (id, topologyThrough) => {
        if (this.#begun?.id !== id) return
        this.newest = this.#begun.place
        this.topologyNeeded = topologyThrough
      },
    }
  }
}

const ignoring: EntryVisitor = {
  onRun() {},
  onDelta() {},
  onSnapshot() {},
  onCursor() {},
  onAckedRange() {},
  onNote() {},
  onTrim() {},
  onCreated() {},
  onDeleted() {},
  onCursorDeleted() {},
  onTopology() {},
  onCheckpointBegin() {},
  onCheckpointEnd() {},
  onAside() {},
  onState() {},
}
