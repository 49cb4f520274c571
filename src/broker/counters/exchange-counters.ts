/** What became of the messages that were published to an exchange, as in {@link QueueCounters}. */
export class ExchangeCounters {
  /** publish_in */
  publishedIn = 0
  /** publish_out: copies that went to queues. */
  publishedOut = 0
  /** return_unroutable: messages that reached no queue and were mandatory. */
  returned = 0
  /** drop_unroutable: the same without being mandatory. */
  dropped = 0
}
