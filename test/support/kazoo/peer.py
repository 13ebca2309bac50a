"""A kazoo session that does what the lines on its stdin ask, and answers each with a line of JSON.

Usage: PYTHONPATH=<kazoo> python3 peer.py CONNECT [scheme:credential]
The session ends when stdin does.
"""
import base64
import json
import sys

from kazoo.client import KazooClient
from kazoo.security import ACL, Id

LETTERS = {"r": 1, "w": 2, "c": 4, "d": 8, "a": 16}


def parse_acl(text):
    scheme, _, rest = text.partition(":")
    name, _, letters = rest.rpartition(":")
    return ACL(sum(LETTERS[letter] for letter in letters), Id(scheme, name))


def format_acl(entry):
    letters = "".join(letter for letter in "cdrwa" if entry.perms & LETTERS[letter])
    return "%s:%s:%s" % (entry.id.scheme, entry.id.id, letters)


def session_of(number):
    return "0x%x" % (number & 0xFFFFFFFFFFFFFFFF) if number else None


def create(client, nodes):
    """All at once, as kazoo pipelines; the paths in the order asked for."""
    pending = [
        client.create_async(
            node["path"],
            base64.b64decode(node["base64"]),
            acl=[parse_acl(entry) for entry in node["acl"]],
            ephemeral=node["mode"].startswith("ephemeral"),
            sequence=node["mode"].endswith("sequential"),
        )
        for node in nodes
    ]
    return [each.get(timeout=30) for each in pending]


def read(client, paths):
    asked = [(path, client.get_async(path), client.get_acls_async(path)) for path in paths]
    answers = []
    for path, got, acls in asked:
        data, stat = got.get(timeout=30)
        answers.append(
            {
                "path": path,
                "base64": base64.b64encode(data or b"").decode(),
                "length": stat.dataLength,
                "acl": [format_acl(entry) for entry in acls.get(timeout=30)[0]],
                "session": session_of(stat.ephemeralOwner),
            }
        )
    return answers


def tree(client, root):
    """The text of each node of a tree, by path as seen from its root; level by level."""
    client.sync(root)
    level, nodes = [root], {}
    while level:
        asked = [(path, client.get_async(path), client.get_children_async(path)) for path in level]
        level = []
        for path, got, children in asked:
            nodes[path[len(root) :]] = got.get(timeout=30)[0].decode()
            level.extend("%s/%s" % (path, name) for name in children.get(timeout=30))
    return nodes


def main(connect, *auth):
    client = KazooClient(hosts=connect, auth_data=[tuple(each.split(":", 1)) for each in auth])
    client.start(timeout=30)
    answer = {"session": session_of(client.client_id[0])}
    while True:
        print(json.dumps(answer), flush=True)
        line = sys.stdin.readline()
        if not line:
            break
        what, argument = json.loads(line)
        answer = {"create": create, "read": read, "tree": tree}[what](client, argument)
    client.stop()
    client.close()


main(*sys.argv[1:])
