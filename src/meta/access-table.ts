// The rows of who may do what, by their keys, as changes leave them.
import type {
  AccessChange,
  AccessRows,
  PermissionRow,
  TopicPermissionRow,
  UserRow,
} from './access-rows.ts'

export class AccessTable {
  readonly #users = new Map<string, UserRow>()
  readonly #permissions = new Map<string, PermissionRow>()
  readonly #topicPermissions = new Map<string, TopicPermissionRow>()

  apply(change: AccessChange): void {
    switch (change.kind) {
      case 'user':
        if (change.op === 'put') this.#users.set(change.row.name, change.row)
        else this.#deleteUser(change.name)
        return
      case 'permission':
        if (change.op === 'put') this.#permissions.set(keyOf(change.row), change.row)
        else this.#permissions.delete(keyOf(change))
        return
      case 'topic-permission':
        if (change.op === 'put') this.#topicPermissions.set(keyOf(change.row), change.row)
        else this.#topicPermissions.delete(keyOf(change))
    }
  }

  /** Forgets all permissions on a virtual host. */
  deleteVHost(name: string): void {
    forget(this.#permissions, ({ vhost }) => vhost === name)
    forget(this.#topicPermissions, ({ vhost }) => vhost === name)
  }

  findUser(name: string): UserRow | undefined {
    return this.#users.get(name)
  }

  findPermission(user: string, vhost: string): PermissionRow | undefined {
    return this.#permissions.get(keyOf({ user, vhost }))
  }

  get counts(): Readonly<Record<keyof AccessRows, number>> {
    return {
      users: this.#users.size,
      permissions: this.#permissions.size,
      topicPermissions: this.#topicPermissions.size,
    }
  }

  rows(): AccessRows {
    return {
      users: [...this.#users.values()],
      permissions: [...this.#permissions.values()],
      topicPermissions: [...this.#topicPermissions.values()],
    }
  }

  #deleteUser(name: string): void {
    this.#users.delete(name)
    forget(this.#permissions, ({ user }) => user === name)
    forget(this.#topicPermissions, ({ user }) => user === name)
  }
}

/** Changes that make `rows` out of nothing. */
export function* putsOfAccess(rows: AccessRows): Generator<AccessChange> {
  for (const row of rows.users) yield { kind: 'user', op: 'put', row }
  for (const row of rows.permissions) yield { kind: 'permission', op: 'put', row }
  for (const row of rows.topicPermissions) yield { kind: 'topic-permission', op: 'put', row }
}

interface Key {
  readonly user: string
  readonly vhost: string
  readonly exchange?: string
}

function keyOf({ user, vhost, exchange = '' }: Key): string {
  return `${user.length} ${vhost.length} ${user}${vhost}${exchange}`
}

function forget<T>(rows: Map<string, T>, isGone: (row: T) => boolean): void {
  for (const [key, row] of rows) if (isGone(row)) rows.delete(key)
}
