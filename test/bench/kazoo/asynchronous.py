"""A tree with many requests under way, as a good script does it: asynchronous.py HOSTS CREDENTIAL OPERATION ARGUMENT...

The same work and the same files as sequential.py, level by level: the requests of one level go out with 500 under way.
"""
import sys
from collections import deque

from kazoo.client import KazooClient

from lines import from_line, join, to_line

WINDOW = 500

hosts, credential, operation, *arguments = sys.argv[1:]
client = KazooClient(hosts=hosts, auth_data=[("digest", credential)])


def windowed(items, *starts):
    """Starts requests for each item, answers items with their results, in order."""
    waiting = deque()
    for item in items:
        waiting.append((item, [start(item) for start in starts]))
        if len(waiting) * len(starts) >= WINDOW:
            yield finished(*waiting.popleft())
    while waiting:
        yield finished(*waiting.popleft())


def finished(item, results):
    return (item, *[result.get() for result in results])


def levels(root):
    """Level by level from the root: path, data, stat and ACL of each node."""
    level = [root]
    while level:
        parents = []

        def nodes():
            for path, (data, stat), (acl, _) in windowed(level, client.get_async, client.get_acls_async):
                if stat.numChildren > 0:
                    parents.append(path)
                yield path, data, stat, acl

        yield nodes()
        listed = windowed(parents, client.get_children_async)
        level = [join(path, name) for path, names in listed for name in names]


def export(root, file):
    with open(file, "w") as output:
        for level in levels(root):
            for path, data, stat, acl in level:
                output.write(to_line(path[len(root):], data, stat, acl))


def create(node):
    path, data, acl = node
    return client.create_async(path, data, acl=acl)


def finish(requests):
    for _ in requests:
        pass


def import_(file, root):
    # A session's requests are done in their order: a child need not wait for the answer to its parent.
    with open(file) as lines:
        nodes = ((root + path, data, acl) for path, data, acl in map(from_line, lines))
        finish(windowed(nodes, create))


def rm(root):
    levels_down = [[root]]
    while levels_down[-1]:
        found = windowed(levels_down[-1], client.get_children_async)
        levels_down.append([join(path, name) for path, names in found for name in names])
    for level in reversed(levels_down):
        finish(windowed(level, client.delete_async))


def cp(source, target):
    for level in levels(source):
        nodes = ((target + path[len(source):], data, acl) for path, data, _, acl in level)
        finish(windowed(nodes, create))


client.start()
try:
    {"export": export, "import": import_, "rm": rm, "cp": cp}[operation](*arguments)
finally:
    client.stop()
    client.close()
