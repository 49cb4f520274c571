// Limits of logins.

export const authLimits = {
  /** Wrong logins of one address that are answered at once: people mistype, and pods come in dozens. */
  wrongLoginsAtOnce: 20,
  /** How often an address gets the answer to a wrong login after that. */
  wrongLoginEveryMs: 1000,
  /** No answer waits longer; AMQP's handshake ends by then. */
  wrongLoginWaitMsMax: 10_000,
  /** Addresses that are remembered: a number each. */
  wrongLoginAddressesMax: 10_000,
} as const
