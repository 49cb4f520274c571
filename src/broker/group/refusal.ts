import type { GroupErrorCode } from './group-error.ts'

/** Why something is not done, with the words that Kafka has for it. */
export interface Refusal {
  readonly error: GroupErrorCode
  readonly message: string
}

export function refusal(error: GroupErrorCode, message: string): Refusal {
  return { error, message }
}
