"""One read, as a script does it: get.py HOSTS PATH"""
import sys

from kazoo.client import KazooClient

hosts, path = sys.argv[1:]
client = KazooClient(hosts=hosts)
client.start()
try:
    data, _ = client.get(path)
    sys.stdout.buffer.write(data)
finally:
    client.stop()
    client.close()
