// Types of docs-stamp.mjs.
export const docsBuild: {
  readonly root: string
  readonly folder: string
  readonly stampFile: string
}
export function wantedDocsStamp(): string
export function areDocsBuilt(): boolean
