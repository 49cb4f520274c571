/** The limits that a client chose (connection.tune-ok). */
export interface ChosenLimits {
  readonly frameMax: number
  readonly channelMax: number
  /** Seconds; 0 for none. */
  readonly heartbeat: number
}
