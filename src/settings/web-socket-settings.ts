// Settings of WebSocket, whichever protocol is within.
import { list } from './setting-kinds.ts'
import type { SettingRow } from './setting-row.ts'

export interface WebSocketSettings {
  readonly websocketOrigins: readonly string[]
}

export const webSocketSettings: {
  readonly [Key in keyof WebSocketSettings]: SettingRow<WebSocketSettings[Key]>
} = {
  websocketOrigins: {
    kind: list(),
    default: [],
    placeholder: 'ORIGINS',
    description:
      'Web pages of other hosts that may connect by WebSocket, such as https://app.example.com, or * for all; those of the host that they connect to always may. Separated as vhosts',
  },
}
