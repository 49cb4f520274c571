// Where Pabal's management API answers otherwise than the reference, RabbitMQ 3.10, and means it: as 4.2 does
// (the release that changed it stands there), or because it does not have what the field is about.

interface AcceptedStatus {
  /** Of the call, as `describeCall` writes it. */
  readonly call: RegExp
  readonly ours: number
  readonly theirs: number
  readonly reason: string
}

const statuses: readonly AcceptedStatus[] = [
  {
    call: /^POST \/exchanges\/%2F\/none\/publish/,
    ours: 404,
    theirs: 400,
    reason: '3.12: what is not there is 404',
  },
  {
    call: /[?&]\w+_incr=none/,
    ours: 400,
    theirs: 200,
    reason: '3.13: a range that cannot be read is refused',
  },
  { call: /^GET \/auth\/hash_password\//, ours: 200, theirs: 404, reason: '3.11 brought it' },
  {
    call: /^GET \/health\/checks\/node-is-mirror-sync-critical/,
    ours: 404,
    theirs: 200,
    reason: '4.0: mirrors are gone',
  },
  {
    call: /^POST \/users\/bulk-delete/,
    ours: 204,
    theirs: 400,
    reason: '3.13: who is not there is passed over',
  },
  {
    call: /^POST \/definitions/,
    ours: 200,
    theirs: 204,
    reason: 'an import is answered with a report',
  },
]

/** Places of fields, by what their last part is: see `shapeOf`. */
const fields: readonly (readonly [place: RegExp, reason: string])[] = [
  [/\.reason(\[\])?$/, 'texts for people, which 3.10 has as terms of Erlang in a few places'],
  [/\.(erlang|crypto_lib)_\w+$/, 'of Erlang'],
  [/\.(garbage_collection|reductions(_details)?|metrics_gc_queue_length)$/, 'of Erlang'],
  [/\.(gc_(num|bytes_reclaimed)|context_switches|proc_used)(_details)?$/, 'of Erlang'],
  [/\.(net_ticktime|ra_open_file_metrics|backing_queue_status)$/, 'of Erlang'],
  [/\.ets_tables_memory(\.|$)/, 'of Erlang'],
  [/\.(io_(read|seek|reopen|file_handle)\w+|mnesia_\w+)$/, '4.0: not in the node any more'],
  [/\.(msg_store|queue_index)_(read|write)_count(_details)?$/, '4.0: not in the node any more'],
  [/\.disk_(reads|writes)(_details)?$/, 'messages are not read and written one by one'],
  [/\.(mem|fd|sockets)_used_details$/, 'rates of what is no counter'],
  [/\.disk_free_details$/, 'rates of what is no counter'],
  [/\.io_(write|sync)_avg_time_details$/, 'rates of what is no counter'],
  [/\.release_series_support_status$/, '4.0: gone'],
  [/\.(recoverable_slaves|queue_slave_procs|messages_(ready|unacknowledged)_ram)$/, '4.0: gone'],
  [/\.(totals|type_specific)$/, '3.12: gone'],
  [/\.(messages|message_bytes)_dlx$/, 'dead letters are in the queue that they died in'],
  [/\.socket_opts$/, 'listeners have no options of their own'],
  [/\.(auth_mechanisms|config_files\[\])$/, 'not known to who is asked'],
  [/\.contexts\[\]$/, 'the local socket is no listener'],
  [/\.(recv|send)_cnt$/, 'bytes are counted, and not what they are parts of'],
  [/\.user_who_performed_action$/, 'the log tells who declared what, and the audit'],
  [/\.exchanges\[\]\.internal$/, 'where it is false, as in files of rabbitmqctl'],
  [/\.(parameters|policies)\[\]\.vhost$/, '3.11: not in a file of one virtual host'],
  [/bench@localhost$/, 'the name of the node'],
  [/^\[\]$/, 'lists of what there is none of'],
  [/\.\w+_details\.samples\[\]/, 'how many samples there are is a matter of time'],
  [/(^|\.|\])idle_since$/, 'is of samples, two of which say the same'],
  [
    /^(\[\]|\.items\[\])\.head_message_timestamp$/,
    'not in lists: each would be read from the disk',
  ],
  [/\.missing$/, '3.12: a list'],
  [/\.protocol$/, '3.12: a list of protocols'],
]

/** Why an other status is meant; undefined when it is not. */
export function whyStatus(call: string, ours: number, theirs: number): string | undefined {
  if (theirs === 500) return 'a mistake of 3.10'
  return statuses.find(
    (each) => each.call.test(call) && each.ours === ours && each.theirs === theirs,
  )?.reason
}

/** Why a field is not there, or otherwise; undefined when that is not meant. */
export function whyField(place: string): string | undefined {
  return fields.find(([pattern]) => pattern.test(place))?.[1]
}
