export PABAL_URL=http://localhost:15672
pabal create jobs
pabal publish jobs --payload 'Hello, Pabal'
pabal consume jobs --count 1 --payloads
