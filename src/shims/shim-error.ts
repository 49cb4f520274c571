/** What rabbitmqctl ends with besides the program's own codes (exit_codes.ex of RabbitMQ 4.2). */
export const shimExitCodes = { dataError: 65, noUser: 67 } as const

/** Above what is wrong with the arguments. */
export const argumentError = 'Error (argument validation): '

/** A command could not be done. */
export class ShimError extends Error {
  override readonly name = 'ShimError'
  readonly exitCode: number
  /** What stands above the message. */
  readonly head: string | undefined

  constructor(exitCode: number, message: string, head: string | undefined = 'Error:\n') {
    super(message)
    this.exitCode = exitCode
    this.head = head
  }
}
