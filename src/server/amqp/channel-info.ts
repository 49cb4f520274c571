import type { ChannelInfo } from '../../broker/client/channel-info.ts'
import type { Channel } from './channel.ts'

/** A channel as lists show it. */
export function channelInfoOf(channel: Channel): ChannelInfo {
  const { number, state, prefetch, room, unacked, transaction, counters } = channel
  const { confirms } = channel.publisher
  return {
    number,
    isOpen: state === 'open',
    prefetch,
    sharedPrefetch: room.prefetch,
    unackedCount: unacked.count,
    unackedSince: channel.unackedSince,
    hasConfirms: confirms !== undefined,
    unconfirmedCount: confirms?.pendingCount ?? 0,
    hasTransactions: transaction !== undefined,
    uncommittedMessages: transaction?.publishCount ?? 0,
    uncommittedAcks: transaction?.settlementCount ?? 0,
    counters,
    get consumers() {
      const infos = Array.from(channel.consumers.values(), ({ info }) => info)
      return infos.filter((info) => info !== undefined)
    },
  }
}
