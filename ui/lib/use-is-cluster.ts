import { useLive } from './live.ts'

/** Whether the broker is a node of a cluster; undefined until that is known. */
export function useIsCluster(): boolean | undefined {
  const { data } = useLive<{ readonly nodes?: object | null }>('/v1/home')
  return data === undefined ? undefined : data.nodes !== undefined && data.nodes !== null
}
