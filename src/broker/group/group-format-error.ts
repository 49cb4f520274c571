/** A stored group or offset that this version cannot read. The start must stop: nothing is guessed. */
export class GroupFormatError extends Error {
  override readonly name = 'GroupFormatError'
}
