// Takes links by which other nodes bring clients of a protocol to cells of this one.
import type { Logger } from '../lib/logger.ts'
import type { IncomingLink, LinkHandler } from '../server/node-link/link-listener.ts'
import type { ServedCell, ServedCells } from './served-cells.ts'

export interface LinkToCellParts {
  readonly cells: Pick<ServedCells, 'find'>
  readonly logger: Logger
}

/** `adopt` accepts or refuses the link, and throws when its preface says too little of the client. */
export function linkToCell(
  { cells, logger }: LinkToCellParts,
  adopt: (link: IncomingLink, served: ServedCell) => void,
): LinkHandler {
  return (link) => {
    const { cell, from, protocol } = link.preface
    const served = cells.find(cell)
    if (served === undefined) {
      link.refuse('not-owner', `cell ${cell} is not served here`)
      return
    }
    try {
      adopt(link, served)
    } catch (error) {
      const { message } = error as Error
      logger.warn(`A client of ${protocol} that ${from} passes on cannot be taken: ${message}`)
      link.refuse('unusable', message)
    }
  }
}
