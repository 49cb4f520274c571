import type { ClientProtocol } from '../../auth/principal.ts'

/** Who publishes messages or gets them. */
export interface Party {
  readonly protocol: ClientProtocol
  readonly user: string
  /** As lists of connections and channels name it; undefined for one that is in no list. */
  readonly connection?: string | undefined
  readonly clientId?: string | undefined
  readonly consumerTag?: string | undefined
}

/** Undefined for one without a name. */
export interface WithParty {
  readonly party?: Party | undefined
}
