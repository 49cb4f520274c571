import type { ChannelInfo } from '../../broker/client/channel-info.ts'
import type { StompSession } from './session.ts'

/** A session as lists show it, which know channels. */
export function channelInfoOf(session: StompSession): ChannelInfo {
  const { unacked, counters, receipts, transactions, subscriptions } = session
  let [uncommittedMessages, uncommittedAcks] = [0, 0]
  for (const { publishCount, settlementCount } of transactions.values()) {
    uncommittedMessages += publishCount
    uncommittedAcks += settlementCount
  }
  return {
    number: 1,
    isOpen: true,
    prefetch: 0,
    sharedPrefetch: 0,
    unackedCount: unacked.count,
    unackedSince: session.unackedSince,
    hasConfirms: counters.confirmable > 0,
    unconfirmedCount: receipts.unconfirmedCount,
    hasTransactions: transactions.size > 0,
    uncommittedMessages,
    uncommittedAcks,
    counters,
    get consumers() {
      const infos = Array.from(subscriptions.values(), ({ info }) => info)
      return infos.filter((info) => info !== undefined)
    },
  }
}
