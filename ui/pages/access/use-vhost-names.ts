// The names of the virtual hosts, for fields that choose one.
import { useLive } from '../../lib/live.ts'
import type { ListPage } from '../../lib/rows.ts'
import type { VHost } from './access-json.ts'

/** The first 500; undefined until they are known. */
export function useVHostNames(): readonly string[] | undefined {
  const { data } = useLive<ListPage<Pick<VHost, 'name'>>>(
    '/vhosts?page=1&page_size=500&columns=name&disable_stats=true',
  )
  return data?.items.map(({ name }) => name)
}
