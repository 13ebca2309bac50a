"""A tree one request after the other, recursively, as scripts are written: sequential.py HOSTS CREDENTIAL OPERATION ARGUMENT...

export ROOT FILE: get, get_acls and get_children of each node. import FILE ROOT: a create with ACL of each. rm ROOT: kazoo's own recursive
delete, which is get_children and delete of each. cp FROM TO: the three reads and a create of each.
"""
import sys

from kazoo.client import KazooClient

from lines import from_line, join, to_line

hosts, credential, operation, *arguments = sys.argv[1:]
client = KazooClient(hosts=hosts, auth_data=[("digest", credential)])


def walk(path):
    data, stat = client.get(path)
    acl, _ = client.get_acls(path)
    yield path, data, stat, acl
    for name in client.get_children(path):
        yield from walk(join(path, name))


def export(root, file):
    with open(file, "w") as output:
        for path, data, stat, acl in walk(root):
            output.write(to_line(path[len(root):], data, stat, acl))


def import_(file, root):
    with open(file) as lines:
        for line in lines:
            path, data, acl = from_line(line)
            client.create(root + path, data, acl=acl)


def rm(root):
    client.delete(root, recursive=True)


def cp(source, target):
    for path, data, _, acl in walk(source):
        client.create(target + path[len(source):], data, acl=acl)


client.start()
try:
    {"export": export, "import": import_, "rm": rm, "cp": cp}[operation](*arguments)
finally:
    client.stop()
    client.close()
