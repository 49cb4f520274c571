/**
 * Why there is no lease for who asks: it has too many, others have (`busy`), or somebody has ended its
 * receivers. The message is fit for the client that asked.
 */
export class LeaseRefusal extends Error {
  override readonly name = 'LeaseRefusal'
  readonly kind: 'too_many' | 'busy' | 'closed'

  constructor(kind: LeaseRefusal['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}
