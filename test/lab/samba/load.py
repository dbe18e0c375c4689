#!/usr/bin/python3
"""Adds entries to the database of a stopped domain controller, in one transaction.
Usage: load.py SMB_CONF < entries.jsonl

One entry a line: {"dn", "attributes": {name: [value]}, "links"?: {name: [dn]}, "password"?}
A value is text, or {"base64": "..."}. Links are added when all entries are there, so that they may point forward and
around. A password is optional because hashing one takes 25 ms.
"""
import base64
import json
import sys

import ldb

from database import open_database, transaction


def value_of(value):
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def add(database, entry):
    message = ldb.Message(ldb.Dn(database, entry["dn"]))
    for name, values in entry["attributes"].items():
        message[name] = ldb.MessageElement([value_of(value) for value in values], ldb.FLAG_MOD_ADD, name)
    if "password" in entry:
        quoted = f'"{entry["password"]}"'.encode("utf-16-le")
        message["unicodePwd"] = ldb.MessageElement(quoted, ldb.FLAG_MOD_ADD, "unicodePwd")
    # relax: whenCreated, lockoutTime and the like are the server's own attributes
    database.add(message, controls=["relax:0"])


def link(database, dn, links):
    message = ldb.Message(ldb.Dn(database, dn))
    for name, targets in links.items():
        message[name] = ldb.MessageElement([target.encode() for target in targets], ldb.FLAG_MOD_ADD, name)
    database.modify(message)


def main():
    database = open_database(sys.argv[1], batch=True)
    links = []
    count = 0
    with transaction(database):
        for line in sys.stdin:
            entry = json.loads(line)
            add(database, entry)
            count += 1
            if "links" in entry:
                links.append((entry["dn"], entry["links"]))
        for dn, targets in links:
            link(database, dn, targets)
    print(count)


main()
