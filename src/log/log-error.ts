/** Why storage refused: what the folder holds, what the disk said, or who else has it. */
export type LogErrorCode = 'corrupt' | 'format' | 'disk_full' | 'io' | 'locked' | 'fenced'

/** A storage error. The message names the file and, for damage, the byte and what can be done. */
export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
