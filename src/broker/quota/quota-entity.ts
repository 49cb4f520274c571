// Whom a quota is for (KIP-13, KIP-257, KIP-546, KIP-612): a user, a client id, both together, or an address;
// each of them by name, or the default for all that have no quota by name.

export const quotaEntityTypes = ['user', 'client-id', 'ip'] as const

export type QuotaEntityType = (typeof quotaEntityTypes)[number]

/** A part that is missing, or undefined, does not matter; null is the default. */
export type QuotaEntity = Readonly<Partial<Record<QuotaEntityType, string | null | undefined>>>

/** The entity as text, the same for the same entity. */
export function quotaEntityKey(entity: QuotaEntity): string {
  const parts = quotaEntityTypes.filter((type) => entity[type] !== undefined)
  return JSON.stringify(parts.map((type) => [type, entity[type]]))
}

/** The other way. */
export function quotaEntityOf(key: string): QuotaEntity {
  return Object.fromEntries(JSON.parse(key) as [QuotaEntityType, string | null][])
}

/** For people: `user "app", every client id`. */
export function quotaEntityText(entity: QuotaEntity): string {
  const words = { user: 'user', 'client-id': 'client id', ip: 'address' } as const
  return quotaEntityTypes
    .filter((type) => entity[type] !== undefined)
    .map((type) =>
      entity[type] === null
        ? `every ${words[type]}`
        : `${words[type]} ${JSON.stringify(entity[type])}`,
    )
    .join(', ')
}
