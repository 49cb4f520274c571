// One process of a cell on its disk, with its share groups, whose calls to other cells go over a network.
import type { Broker } from '../../src/broker/broker.ts'
import type { ShareElsewhere } from '../../src/broker/share/share-elsewhere.ts'
import type { ShareGroups } from '../../src/broker/share/share-groups.ts'
import { shareCursorIds } from '../../src/broker/share/share-rows.ts'
import type { Topics } from '../../src/broker/topic/topics.ts'
import { openGroups } from '../../src/cell/open-groups.ts'
import { openShareGroups } from '../../src/cell/open-share-groups.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import type { FaultDisk } from '../../src/testing/fault-disk.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { MortalClock } from '../transactions/two-cells/mortal-clock.ts'
import { openCellBroker } from './open-cell-broker.ts'

export interface ShareCellOptions {
  readonly number: number
  readonly disk: FaultDisk
  readonly clock: Clock
  readonly elsewhere: (from: ShareCell) => ShareElsewhere
  /** Its ids are others with each start. */
  readonly seed: number
}

export class ShareCell {
  readonly number: number
  readonly clock: MortalClock
  readonly broker: Broker
  readonly shareGroups: ShareGroups

  private constructor(number: number, parts: Pick<ShareCell, 'clock' | 'broker' | 'shareGroups'>) {
    this.number = number
    this.clock = parts.clock
    this.broker = parts.broker
    this.shareGroups = parts.shareGroups
  }

  /** The home is 0. */
  static async start(options: ShareCellOptions): Promise<ShareCell> {
    const { number, disk } = options
    const clock = new MortalClock(options.clock)
    const { broker, state } = await openCellBroker({
      number,
      disk,
      clock,
      random: seededRandom(options.seed),
      tailCacheSizeMax: 4500,
      cursorIds: shareCursorIds,
    })
    const groups = openGroups(broker, broker.getVHost('/'), state)
    const shareGroups = openShareGroups(broker, groups, state, silentLogger)
    const cell = new ShareCell(number, { clock, broker, shareGroups })
    await shareGroups.connect(options.elsewhere(cell))
    return cell
  }

  get isDead(): boolean {
    return this.clock.isDead
  }

  get topics(): Topics {
    return this.broker.topicsOf(this.broker.getVHost('/'))
  }

  die(): void {
    this.clock.isDead = true
    this.broker.prepareToClose()
    this.shareGroups.close()
  }
}
