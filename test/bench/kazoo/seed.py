"""Makes the tree that is measured with: seed.py HOSTS CREDENTIAL ROOT NODES

Applications of 50 services of about 98 instances, 3 levels below the root, 100 to 200 bytes of JSON in each. Every tenth instance belongs
to the holder of the credential and may only be read by others.
"""
import json
import random
import sys
from collections import deque

from kazoo.client import KazooClient
from kazoo.security import OPEN_ACL_UNSAFE, make_acl, make_digest_acl

hosts, credential, root, nodes = sys.argv[1:]
client = KazooClient(hosts=hosts, auth_data=[("digest", credential)])
dice = random.Random(4)
owned = [make_digest_acl(*credential.split(":"), all=True), make_acl("world", "anyone", read=True)]


def paths(count):
    services = max(1, count // 100)
    parents = [f"/service-{number:03}" for number in range(services)]
    apps = [f"/app-{number:02}" for number in range((services + 49) // 50)]
    parents = [apps[number // 50] + name for number, name in enumerate(parents)]
    yield ""
    yield from apps
    yield from parents
    for number in range(count - 1 - len(apps) - len(parents)):
        yield f"{parents[number % services]}/instance-{number:06}"


def data():
    document = {"id": dice.randrange(10**9), "address": f"10.0.{dice.randrange(256)}.{dice.randrange(256)}", "port": 8080}
    document["note"] = "x" * dice.randrange(40, 140)
    return json.dumps(document).encode()


client.start()
try:
    waiting = deque()
    for number, path in enumerate(paths(int(nodes))):
        is_owned = "/instance" in path and number % 10 == 0
        waiting.append(client.create_async(root + path, data(), acl=owned if is_owned else OPEN_ACL_UNSAFE))
        if len(waiting) == 500:
            waiting.popleft().get()
    for result in waiting:
        result.get()
finally:
    client.stop()
    client.close()
