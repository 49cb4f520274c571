// Calls about share groups: the home of a group asks those who lead partitions, and they ask the home.
import type { LedPlaces } from '../../broker/share/led-places.ts'
import type { ShareBurials } from '../../broker/share/share-burials.ts'
import type { ShareElsewhere } from '../../broker/share/share-elsewhere.ts'
import { ShareGroupError } from '../../broker/share/share-group-error.ts'
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import type { SpreadPlaces } from '../../broker/share/spread-places.ts'
import { shareLimits } from '../../limits/share.ts'
import { CallError } from './call-error.ts'
import type { CallHandlers } from './calls.ts'
import type { CellCalls } from './cell-calls.ts'

type ShareCall = Extract<keyof CallHandlers, `shares.${string}`>

/** What a cell answers, as the home or as a leader. */
export function shareHandlers(shareGroups: ShareGroups): Pick<CallHandlers, ShareCall> {
  return {
    'shares.open': (asked) => done(() => ledIn(shareGroups).open(asked)),
    'shares.move': (asked) => done(() => ledIn(shareGroups).move(asked)),
    'shares.forget': (name) => done(() => ledIn(shareGroups).forget(name)),
    'shares.release': ({ groupId, memberId }) =>
      done(() => shareGroups.find(groupId)?.releaseMember(memberId)),
    'shares.describe': async ({ groupId }) => ({ content: ledIn(shareGroups).describe(groupId) }),
    'shares.tell': async ({ places }) => ({ content: spreadIn(shareGroups).note(places) }),
    'shares.bury': (asked, { body }) => done(() => burialsIn(shareGroups).bury(asked, body)),
  }
}

/** The way to the other cells. */
export function shareElsewhere(
  calls: Pick<CellCalls, 'call'>,
  homeNumber: () => number | undefined,
): ShareElsewhere {
  const home = (): number => {
    const number = homeNumber()
    if (number === undefined) throw new CallError('unreachable', 'nobody has the groups')
    return number
  }
  const msMax = shareLimits.shareCallMs
  return {
    leaders: {
      async openPlace(cell, asked) {
        await calls.call(cell, 'shares.open', asked, { msMax })
      },
      async movePlace(cell, asked) {
        await calls.call(cell, 'shares.move', asked, { msMax })
      },
      async forgetPlace(cell, name) {
        await calls.call(cell, 'shares.forget', name, { msMax })
      },
      async releaseMember(cell, asked) {
        await calls.call(cell, 'shares.release', asked, { msMax })
      },
      async describePlaces(cell, groupId) {
        return (await calls.call(cell, 'shares.describe', { groupId }, { msMax })).content
      },
    },
    home: {
      async tell(places) {
        return (await calls.call(home(), 'shares.tell', { places }, { msMax })).content
      },
      async bury(asked, messages) {
        await calls.call(home(), 'shares.bury', asked, { body: messages, msMax })
      },
    },
  }
}

function ledIn({ led }: ShareGroups): LedPlaces {
  if (led === undefined) throw wrongCell()
  return led
}

function spreadIn({ spread }: ShareGroups): SpreadPlaces {
  if (spread === undefined) throw wrongCell()
  return spread
}

function burialsIn({ burials }: ShareGroups): ShareBurials {
  if (burials === undefined) throw wrongCell()
  return burials
}

/** Groups have moved to another cell, or it is about to be closed. */
function wrongCell(): CallError {
  return new CallError('refused', 'the cell does not do this for share groups')
}

async function done(work: () => Promise<void> | void): Promise<{ readonly content: object }> {
  try {
    await work()
    return { content: {} }
  } catch (error) {
    if (!(error instanceof ShareGroupError)) throw error
    throw new CallError('refused', error.message, { code: error.code })
  }
}
