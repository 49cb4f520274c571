// The rows of who may do what, by their keys, as changes leave them.
import type {
  AccessChange,
  AccessRows,
  PermissionRow,
  TopicPermissionRow,
  UserRow,
} from './access-rows.ts'
import { type AclRow, keyOfAcl } from './acl-row.ts'
import { RowsByUser } from './rows-by-user.ts'

export class AccessTable {
  readonly #users = new Map<string, UserRow>()
  readonly #permissions = new RowsByUser<PermissionRow>(({ vhost }) => vhost)
  readonly #topicPermissions = new RowsByUser<TopicPermissionRow>(keyOfTopic)
  readonly #acls = new Map<string, AclRow>()

  apply(change: AccessChange): void {
    switch (change.kind) {
      case 'user':
        if (change.op === 'put') this.#users.set(change.row.name, change.row)
        else this.#deleteUser(change.name)
        return
      case 'permission':
        if (change.op === 'put') this.#permissions.set(change.row)
        else this.#permissions.delete(change.user, change.vhost)
        return
      case 'topic-permission':
        if (change.op === 'put') this.#topicPermissions.set(change.row)
        else this.#topicPermissions.delete(change.user, keyOfTopic(change))
        return
      case 'acl':
        if (change.op === 'put') this.#acls.set(keyOfAcl(change.row), change.row)
        else this.#acls.delete(keyOfAcl(change.row))
    }
  }

  /** Forgets all permissions on a virtual host. */
  deleteVHost(name: string): void {
    this.#permissions.deleteVHost(name)
    this.#topicPermissions.deleteVHost(name)
  }

  findUser(name: string): UserRow | undefined {
    return this.#users.get(name)
  }

  findPermission(user: string, vhost: string): PermissionRow | undefined {
    return this.#permissions.find(user, vhost)
  }

  /** Of one user, on any virtual host. */
  topicPermissionsOf(user: string): readonly TopicPermissionRow[] {
    return this.#topicPermissions.of(user)
  }

  get counts(): Readonly<Record<keyof AccessRows, number>> {
    return {
      users: this.#users.size,
      permissions: this.#permissions.size,
      topicPermissions: this.#topicPermissions.size,
      acls: this.#acls.size,
    }
  }

  hasAcl(row: AclRow): boolean {
    return this.#acls.has(keyOfAcl(row))
  }

  acls(): Iterable<AclRow> {
    return this.#acls.values()
  }

  rows(): AccessRows {
    return {
      users: [...this.#users.values()],
      permissions: [...this.#permissions],
      topicPermissions: [...this.#topicPermissions],
      acls: [...this.#acls.values()],
    }
  }

  #deleteUser(name: string): void {
    this.#users.delete(name)
    this.#permissions.deleteUser(name)
    this.#topicPermissions.deleteUser(name)
  }
}

/** Changes that make `rows` out of nothing. */
export function* putsOfAccess(rows: AccessRows): Generator<AccessChange> {
  for (const row of rows.users) yield { kind: 'user', op: 'put', row }
  for (const row of rows.permissions) yield { kind: 'permission', op: 'put', row }
  for (const row of rows.topicPermissions) yield { kind: 'topic-permission', op: 'put', row }
  for (const row of rows.acls) yield { kind: 'acl', op: 'put', row }
}

function keyOfTopic({ vhost, exchange }: Pick<TopicPermissionRow, 'vhost' | 'exchange'>): string {
  return `${vhost.length} ${vhost}${exchange}`
}
