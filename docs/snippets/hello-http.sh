api=http://guest:guest@localhost:15672/api
curl -X PUT -d '{"durable": true}' $api/queues/%2F/notes
hello='{"messages": [{"payload": "Hello, Pabal"}]}'
curl -d "$hello" $api/v1/streams/%2F/notes/messages; echo
curl -d '{"count": 1}' $api/v1/queues/%2F/notes/receive; echo
