export type DoorMethod = 'GET' | 'PUT' | 'POST'

/** The running broker as a move reaches it. */
export interface BrokerDoor {
  /**
   * Asks for a path below `/api`, whose segments are not encoded yet. `query` begins with `?`. Rejects when there is
   * no answer, or one that tells of a fault of the broker.
   */
  send(
    method: DoorMethod,
    segments: readonly string[],
    sent: { readonly query?: string; readonly content?: string | Buffer },
  ): Promise<DoorAnswer>
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
