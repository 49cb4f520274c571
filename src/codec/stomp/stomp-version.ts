/** The versions that there are, oldest first. */
export const stompVersions = ['1.0', '1.1', '1.2'] as const

export type StompVersion = (typeof stompVersions)[number]

/**
 * The highest version that both know (STOMP 1.2 "Protocol Negotiation"); undefined for none. A client that
 * names none speaks 1.0.
 */
export function negotiateVersion(accepted: string | undefined): StompVersion | undefined {
  const asked = (accepted ?? '1.0').split(',').map((version) => version.trim())
  return stompVersions.findLast((version) => asked.includes(version))
}
