// Who exists and who may do what: the users and permissions that the topology keeps, and the one user that
// the settings name, who is an administrator and may do everything.
//
// It only knows; whoever changes it writes the change down (`broker/access-keeper.ts`).
import type {
  AccessChange,
  AccessRows,
  PermissionRow,
  TopicPermissionRow,
  UserRow,
} from '../meta/access-rows.ts'
import { AccessTable, putsOfAccess } from '../meta/access-table.ts'
import type { AclChange, AclRow } from '../meta/acl-row.ts'
import { Acls, aclVHost } from './acls.ts'
import type { Principal } from './principal.ts'
import { Rights, type RowGrant } from './rights.ts'
import { UserAcls } from './user-acls.ts'

export const administratorTag = 'administrator'

const wholeName = '.*'

export class AccessControl {
  #table = new AccessTable()
  /** By user, then by virtual host; only those that somebody has asked for. */
  readonly #rights = new Map<string, Map<string, Rights>>()
  readonly #acls = new Acls()
  #own: UserRow | undefined
  /** Told of each user who is another now, or may do something else. */
  readonly changeListeners: Set<(user: string) => void> = new Set()
  /** Told of each change of an ACL. */
  readonly aclListeners: Set<() => void> = new Set()

  /** Puts back what outlived the last process. */
  restore(rows: AccessRows): void {
    for (const change of putsOfAccess(rows)) this.#table.apply(change)
    for (const row of rows.acls) this.#acls.add(row)
    this.#refreshAll()
  }

  /** Makes the user that the settings name, or replaces its password. */
  setOwn(user: UserRow): void {
    this.#own = user
    this.#refreshAll()
    this.#tell(user.name)
  }

  apply(change: AccessChange): void {
    if (change.kind === 'acl') {
      this.#applyAcl(change)
      return
    }
    this.#table.apply(change)
    if (change.kind !== 'user') {
      const { user, vhost } = change.op === 'put' ? change.row : change
      this.#refresh(user, vhost)
      this.#tell(user)
      return
    }
    const name = change.op === 'delete' ? change.name : change.row.name
    if (change.op === 'delete') this.#forgetUser(name)
    this.#tell(name)
  }

  /** A virtual host is gone, and all permissions on it. */
  deleteVHost(vhost: string): void {
    this.#table.deleteVHost(vhost)
    for (const [user, byVHost] of this.#rights) {
      this.#refresh(user, vhost)
      byVHost.delete(vhost)
    }
  }

  /** The settings name this user: nobody else changes it. */
  isOwn(name: string): boolean {
    return this.#own?.name === name
  }

  findUser(name: string): UserRow | undefined {
    return this.isOwn(name) ? this.#own : this.#table.findUser(name)
  }

  isAdministrator(name: string): boolean {
    return this.findUser(name)?.tags.includes(administratorTag) ?? false
  }

  /** What who is logged in may do in a virtual host: by its token, if that is how it logged in. */
  rightsFor({ user, tags, token, address }: Principal, vhost: string): Rights {
    if (token === undefined) return this.rightsOf(user, vhost).from(address)
    const isAdministrator = tags.includes(administratorTag)
    const acls = this.#aclsOf(user, vhost, () => isAdministrator)
    return new Rights({ user, vhost }, token.grantIn(vhost), acls).from(address)
  }

  /** What a user may do in a virtual host, now and later, wherever it comes from. */
  rightsOf(user: string, vhost: string): Rights {
    let byVHost = this.#rights.get(user)
    if (byVHost === undefined) this.#rights.set(user, (byVHost = new Map()))
    let rights = byVHost.get(vhost)
    if (rights === undefined) {
      rights = new Rights(
        { user, vhost },
        this.#grantOf(user, vhost),
        this.#aclsOf(user, vhost, () => this.isAdministrator(user)),
      )
      byVHost.set(vhost, rights)
    }
    return rights
  }

  /** The user of the settings first. */
  users(): UserRow[] {
    const others = this.#table.rows().users.filter(({ name }) => !this.isOwn(name))
    return this.#own === undefined ? others : [this.#own, ...others]
  }

  /** Those of the settings' user are the same for each of `vhosts`. */
  permissions(vhosts: readonly string[]): PermissionRow[] {
    const others = this.#table.rows().permissions.filter(({ user }) => !this.isOwn(user))
    if (this.#own === undefined) return others
    const { name: user } = this.#own
    return [...vhosts.flatMap((vhost) => this.findPermission(user, vhost) ?? []), ...others]
  }

  /** Undefined when the user has none there. */
  findPermission(user: string, vhost: string): PermissionRow | undefined {
    if (!this.isOwn(user)) return this.#table.findPermission(user, vhost)
    return { user, vhost, configure: wholeName, write: wholeName, read: wholeName }
  }

  /** Of one user, on any virtual host. */
  topicPermissionsOf(user: string): readonly TopicPermissionRow[] {
    return this.isOwn(user) ? [] : this.#table.topicPermissionsOf(user)
  }

  topicPermissions(): readonly TopicPermissionRow[] {
    return this.#table.rows().topicPermissions.filter(({ user }) => !this.isOwn(user))
  }

  acls(): Iterable<AclRow> {
    return this.#table.acls()
  }

  hasAcl(row: AclRow): boolean {
    return this.#table.hasAcl(row)
  }

  /** How many there are of each. */
  get counts(): Readonly<Record<keyof AccessRows, number>> {
    return this.#table.counts
  }

  /** All that the topology keeps. */
  changes(): Iterable<AccessChange> {
    return putsOfAccess(this.#table.rows())
  }

  #tell(user: string): void {
    for (const listener of this.changeListeners) listener(user)
  }

  #aclsOf(
    user: string,
    vhost: string,
    isAdministrator: () => boolean,
  ): { readonly user: UserAcls; readonly host: undefined } | undefined {
    if (vhost !== aclVHost) return undefined
    return { user: new UserAcls(this.#acls, user, isAdministrator), host: undefined }
  }

  /** Whom it concerns is not looked for: an ACL may be for everybody, and for users whom only a token names. */
  #applyAcl(change: AclChange): void {
    if (change.op === 'put' && !this.hasAcl(change.row)) this.#acls.add(change.row)
    if (change.op === 'delete' && this.hasAcl(change.row)) this.#acls.delete(change.row)
    this.#table.apply(change)
    for (const listener of this.aclListeners) listener()
  }

  #grantOf(user: string, vhost: string): RowGrant {
    if (this.isOwn(user)) return { permission: 'all', topics: [] }
    return {
      permission: this.#table.findPermission(user, vhost),
      topics: this.topicPermissionsOf(user).filter((row) => row.vhost === vhost),
    }
  }

  #refresh(user: string, vhost: string): void {
    this.#rights.get(user)?.get(vhost)?.change(this.#grantOf(user, vhost))
  }

  #refreshAll(): void {
    for (const [user, byVHost] of this.#rights) {
      for (const vhost of byVHost.keys()) this.#refresh(user, vhost)
    }
  }

  /** Connections of the user that are being closed may still ask. */
  #forgetUser(user: string): void {
    for (const vhost of this.#rights.get(user)?.keys() ?? []) this.#refresh(user, vhost)
    this.#rights.delete(user)
  }
}
