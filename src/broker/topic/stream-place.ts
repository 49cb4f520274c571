/** `last` is behind the last record; a time is in milliseconds since the Unix epoch. */
export type StreamPlace =
  | { readonly kind: 'first' }
  | { readonly kind: 'last' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }
