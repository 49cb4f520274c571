// The ACLs that there are, by principal, so that those that count for one user and one name are found without
// a look at the others. Whoever remembers something of them compares `version`.
import { canonicalHost } from '../lib/canonical-host.ts'
import type { AclResourceType, AclRow } from '../meta/acl-row.ts'
import { keyOfAcl } from '../meta/acl-row.ts'
import { type AclBits, bitsOfAcl, noBits, sumOfBits } from './acl-bits.ts'

/** Of Kafka's topics, and so of their ACLs. */
export const aclVHost = '/'

/** The name of every resource, of every host, and of everybody who has logged in. */
export const wildcard = '*'
const everybody = 'User:*'

/** What the ACLs for one name say to a user: wherever it comes from, and from single addresses. */
export interface NamedAcls {
  readonly anywhere: AclBits
  readonly byHost: ReadonlyMap<string, AclBits> | undefined
}

const noNamedAcls: NamedAcls = { anywhere: noBits, byHost: undefined }

export class Acls {
  readonly #byPrincipal = new Map<string, PrincipalAcls>()
  /** Rises with each change. */
  version = 0
  /** How many deny something. */
  #denials = 0
  #size = 0

  get isEmpty(): boolean {
    return this.#size === 0
  }

  /** Of ACLs that are not there yet. */
  add(row: AclRow): void {
    this.version++
    this.#size++
    if (row.permission === 'deny') this.#denials++
    let acls = this.#byPrincipal.get(row.principal)
    if (acls === undefined) this.#byPrincipal.set(row.principal, (acls = new PrincipalAcls()))
    acls.add(row)
  }

  /** Of ACLs that are there. */
  delete(row: AclRow): void {
    const acls = this.#byPrincipal.get(row.principal)
    if (acls === undefined) return
    this.version++
    this.#size--
    if (row.permission === 'deny') this.#denials--
    acls.delete(row)
    if (acls.size === 0) this.#byPrincipal.delete(row.principal)
  }

  /** Whether something is denied to a user, from anywhere. */
  deny(user: string): boolean {
    if (this.#denials === 0) return false
    return this.#of(user).some((acls) => acls.denials > 0)
  }

  /** Whether something is allowed to a user, from anywhere. */
  allow(user: string): boolean {
    return !this.isEmpty && this.#of(user).some((acls) => acls.size > acls.denials)
  }

  /** What counts for a user and a name. */
  named(user: string, type: AclResourceType, name: string): NamedAcls {
    const rows = this.matching(user, type, name)
    return rows.length === 0 ? noNamedAcls : sumUp(rows)
  }

  /** The ACLs that count for a user and a name, whatever the operation and the address. */
  matching(user: string, type: AclResourceType, name: string): AclRow[] {
    return this.#of(user).flatMap((acls) => acls.matching(type, name))
  }

  /** All of a user and a type. */
  ofType(user: string, type: AclResourceType): AclRow[] {
    return this.#of(user).flatMap((acls) => acls.ofType(type))
  }

  #of(user: string): PrincipalAcls[] {
    const found = [this.#byPrincipal.get(principalOfUser(user)), this.#byPrincipal.get(everybody)]
    // A user may be called `*`.
    return [...new Set(found)].filter((acls) => acls !== undefined)
  }
}

export function principalOfUser(user: string): string {
  return `User:${user}`
}

/** Whether an ACL counts for who comes from `host`; undefined is from anywhere. */
export function isForHost(row: AclRow, host: string | undefined): boolean {
  return row.host === wildcard || (host !== undefined && canonicalHost(row.host) === host)
}

/** The ACLs of one principal. */
class PrincipalAcls {
  readonly #rows = new Map<string, AclRow>()
  /** By type and name; `*` stands among them. */
  readonly #literal = new RowsByKey()
  readonly #prefixed = new RowsByKey()
  /** How many prefixes of each length there are. */
  readonly #prefixLengths = new Map<number, number>()
  denials = 0

  get size(): number {
    return this.#rows.size
  }

  add(row: AclRow): void {
    this.#rows.set(keyOfAcl(row), row)
    if (row.permission === 'deny') this.denials++
    if (row.patternType === 'literal') this.#literal.add(keyOf(row.resourceType, row.name), row)
    else {
      this.#prefixed.add(keyOf(row.resourceType, row.name), row)
      this.#countLength(row.name.length, 1)
    }
  }

  delete(row: AclRow): void {
    this.#rows.delete(keyOfAcl(row))
    if (row.permission === 'deny') this.denials--
    const key = keyOf(row.resourceType, row.name)
    if (row.patternType === 'literal') this.#literal.delete(key, row)
    else {
      this.#prefixed.delete(key, row)
      this.#countLength(row.name.length, -1)
    }
  }

  matching(type: AclResourceType, name: string): AclRow[] {
    const found = [...this.#literal.of(keyOf(type, name))]
    if (name !== wildcard) found.push(...this.#literal.of(keyOf(type, wildcard)))
    for (const length of this.#prefixLengths.keys()) {
      if (length > name.length) continue
      found.push(...this.#prefixed.of(keyOf(type, name.slice(0, length))))
    }
    return found
  }

  ofType(type: AclResourceType): AclRow[] {
    return [...this.#rows.values()].filter((row) => row.resourceType === type)
  }

  #countLength(length: number, by: number): void {
    const count = (this.#prefixLengths.get(length) ?? 0) + by
    if (count === 0) this.#prefixLengths.delete(length)
    else this.#prefixLengths.set(length, count)
  }
}

class RowsByKey {
  readonly #byKey = new Map<string, Map<string, AclRow>>()

  add(key: string, row: AclRow): void {
    let rows = this.#byKey.get(key)
    if (rows === undefined) this.#byKey.set(key, (rows = new Map()))
    rows.set(keyOfAcl(row), row)
  }

  delete(key: string, row: AclRow): void {
    const rows = this.#byKey.get(key)
    rows?.delete(keyOfAcl(row))
    if (rows?.size === 0) this.#byKey.delete(key)
  }

  of(key: string): Iterable<AclRow> {
    return this.#byKey.get(key)?.values() ?? []
  }
}

function keyOf(type: AclResourceType, name: string): string {
  return `${type} ${name}`
}

function sumUp(rows: readonly AclRow[]): NamedAcls {
  let anywhere = noBits
  const byHost = new Map<string, AclBits>()
  for (const row of rows) {
    const bits = bitsOfAcl(row)
    if (row.host === wildcard) anywhere = sumOfBits(anywhere, bits)
    else {
      const host = canonicalHost(row.host)
      byHost.set(host, sumOfBits(byHost.get(host) ?? noBits, bits))
    }
  }
  return { anywhere, byHost: byHost.size === 0 ? undefined : byHost }
}
