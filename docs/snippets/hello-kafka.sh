# apt install kcat
echo 'Hello, Pabal' | kcat -P -b localhost:9092 -t greetings
kcat -C -b localhost:9092 -t greetings -o beginning -e
