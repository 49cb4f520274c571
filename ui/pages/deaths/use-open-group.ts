// The group that the URL names. It stays open when its messages have left: its job can still be undone.
import { useRef } from 'preact/hooks'
import { useParam } from '../../lib/router.ts'
import type { Group } from './death-groups.ts'

export function useOpenGroup(groups: readonly Group[] | undefined): Group | undefined {
  const [key] = useParam('group')
  const last = useRef<Group>(undefined)
  if (key === undefined) {
    last.current = undefined
    return undefined
  }
  const found = groups?.find((group) => group.key === key)
  if (found !== undefined) last.current = found
  else if (last.current?.key === key) last.current = { ...last.current, count: 0, bytes: 0 }
  return last.current?.key === key ? last.current : undefined
}
