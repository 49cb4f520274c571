// Writes the older part of logs anew where all of them are in memory.
import { batchMagic } from '../../record/batch/batch-header.ts'
import { copyMessages } from '../copy-messages.ts'
import type { LogRewriting, RewrittenRun, RunRewriter } from '../log-rewriting.ts'
import type { Log } from '../log.ts'
import { Run } from '../run.ts'

/** Runs that the rewriter is asked for at a time. */
const pieceCount = 64

interface Written {
  readonly log: Log
  readonly end: number
  readonly runs: readonly Run[]
}

export class MemoryRewriting implements LogRewriting {
  readonly #seal: (run: Run) => void
  #written: Written[] = []

  constructor(seal: (run: Run) => void) {
    this.#seal = seal
  }

  async add(log: Log, end: number, rewriter: RunRewriter): Promise<void> {
    const written: Run[] = []
    const isKept = ({ baseOffset, lastOffset }: Run): boolean =>
      log.keptIn(baseOffset, lastOffset) > 0
    const runs = log.tail.slice(0, log.tail.find(end)).filter((run) => isKept(run))
    for (let at = 0; at < runs.length && !log.isDeleted; at += pieceCount) {
      const piece = runs.slice(at, at + pieceCount)
      for (const run of piece) run.retain()
      const rewritten = await rewriter.rewrite(piece)
      for (const [order, run] of piece.entries()) {
        const left = this.#write(run, rewritten[order])
        if (left !== undefined) written.push(left)
        if (left !== run) run.release()
      }
    }
    this.#written.push({ log, end, runs: written })
  }

  // oxlint-disable-next-line max-params -- as the interface has it
  async scan(
    log: Log,
    first: number,
    end: number,
    visit: (runs: readonly Run[]) => Promise<boolean>,
  ): Promise<void> {
    const runs = log.tail.slice(log.tail.find(first), log.tail.find(end))
    const kept = runs.filter(({ baseOffset, lastOffset }) => log.keptIn(baseOffset, lastOffset) > 0)
    for (let at = 0; at < kept.length && !log.isDeleted; at += pieceCount) {
      if (!(await visit(kept.slice(at, at + pieceCount)))) return
    }
  }

  commit(): Promise<void> {
    for (const { log, end, runs } of this.#written) {
      if (!log.isDeleted) log.replaceBefore(end, runs)
    }
    return Promise.resolve()
  }

  discard(): Promise<void> {
    this.#written = []
    return Promise.resolve()
  }

  #write(run: Run, outcome: RewrittenRun | undefined): Run | undefined {
    if (outcome === undefined || outcome.kind === 'gone') return undefined
    if (outcome.kind === 'whole') return run
    if (outcome.kind === 'batch') return Run.fromBytes(outcome.bytes)
    if (run.magic !== batchMagic.messages) return run
    const living = copyMessages(run, outcome.keep)
    if (living.recordCount === 0) return undefined
    living.shared = run.shared
    if (outcome.deleteHorizon !== undefined) living.deleteHorizon = outcome.deleteHorizon
    this.#seal(living)
    return living
  }
}
