# apt install mosquitto-clients
mosquitto_pub -L mqtt://guest:guest@localhost:1883/greetings/hello -q 1 -r -m 'Hello, Pabal'
mosquitto_sub -L 'mqtt://guest:guest@localhost:1883/greetings/#' -q 1 -C 1
