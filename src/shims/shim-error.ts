/** What rabbitmqctl ends with besides the program's own codes (exit_codes.ex of RabbitMQ 4.2). */
export const shimExitCodes = { dataError: 65, noUser: 67 } as const

/** A command could not be done. */
export class ShimError extends Error {
  override readonly name = 'ShimError'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
