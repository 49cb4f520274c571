// Whose rights a job has, kept so that the next owner of its cell can find them again.
import type { AccessControl } from '../../auth/access-control.ts'
import { Rights } from '../../auth/rights.ts'

/** The owner of the data folder may do everything, a user what it may at that moment, where it came from. */
export type LastingRights =
  | { readonly isOwner: true }
  | { readonly user: string; readonly address: string }

/** Undefined where the user is gone. */
export function findRights(
  lasting: LastingRights,
  vhost: string,
  access: Pick<AccessControl, 'findUser' | 'rightsOf'>,
): Rights | undefined {
  if ('isOwner' in lasting) {
    return new Rights({ user: '', vhost }, { permission: 'all', topics: [] })
  }
  const { user, address } = lasting
  return access.findUser(user) && access.rightsOf(user, vhost).from(address)
}
