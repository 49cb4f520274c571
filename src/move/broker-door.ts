/** The running broker as a move reaches it. */
export interface BrokerDoor {
  /**
   * Sends a body to a path below `/api`, whose segments are not encoded yet. Rejects when there is no answer, or
   * one that tells of a fault of the broker.
   */
  post(segments: readonly string[], body: Buffer): Promise<DoorAnswer>
}

export interface DoorAnswer {
  readonly status: number
  readonly text: string
}

/** Of answers in JSON. */
export function reasonOf({ status, text }: DoorAnswer): string {
  try {
    const { reason } = JSON.parse(text) as { readonly reason?: unknown }
    return typeof reason === 'string' ? reason : `status ${status}`
  } catch {
    return `status ${status}`
  }
}
