"""An export as scripts write it: a line of JSON a node, parents first, with data, ACL and the stat that zkd's export has too."""
import base64
import json

from kazoo.security import ACL, Id


def to_line(path, data, stat, acl):
    node = {
        "path": path,
        "base64": base64.b64encode(data).decode(),
        "acl": [[entry.perms, entry.id.scheme, entry.id.id] for entry in acl],
        "stat": [stat.czxid, stat.mzxid, stat.version, stat.aversion, stat.mtime, stat.ephemeralOwner],
    }
    return json.dumps(node) + "\n"


def from_line(line):
    node = json.loads(line)
    acl = [ACL(perms, Id(scheme, name)) for perms, scheme, name in node["acl"]]
    return node["path"], base64.b64decode(node["base64"]), acl


def join(parent, name):
    return parent + "/" + name
