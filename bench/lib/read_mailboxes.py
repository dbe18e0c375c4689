"""Reads mailboxes with exchangelib: the same properties of the same items, as many mailboxes at once as Lockstep has requests in flight.

The job is JSON on standard input; counts, seconds and CPU are JSON on standard output.
"""
import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from exchangelib import IMPERSONATION, Account, Configuration, Credentials, Message
from exchangelib.extended_properties import ExtendedProperty
from exchangelib.items import Contact, PostItem, Task
from exchangelib.version import EXCHANGE_2019, Version

BATCH = 128
PAGE = 512


class SearchKey(ExtendedProperty):
    property_tag = 0x300B
    property_type = "Binary"


class SourceKey(ExtendedProperty):
    property_tag = 0x65E0
    property_type = "Binary"


class FlagStatus(ExtendedProperty):
    property_tag = 0x1090
    property_type = "Integer"


EXTENDED = {"search_key": SearchKey, "source_key": SourceKey, "flag_status": FlagStatus}
FIELDS = [
    "item_class", "subject", "sensitivity", "datetime_received", "size", "categories", "importance", "in_reply_to", "is_draft", "datetime_sent",
    "datetime_created", "has_attachments", "last_modified_time", "conversation_id", *EXTENDED,
]
MESSAGE_FIELDS = ["author", "sender", "to_recipients", "cc_recipients", "bcc_recipients", "message_id", "is_read"]


def read(address, config, content):
    account = Account(primary_smtp_address=address, config=config, autodiscover=False, access_type=IMPERSONATION)
    items = size = 0
    for folder in account.msg_folder_root.walk():
        if not folder.total_count or folder.name == "Unread Mail":
            continue
        mail = folder.supported_item_models is None or Message in folder.supported_item_models
        fields = FIELDS + (MESSAGE_FIELDS if mail else []) + (["mime_content"] if content else [])
        ids = [item for _, item in folder.sync_items(only_fields=["item_class"], max_changes_returned=PAGE)]
        for found in account.fetch(ids=[(item.id, item.changekey) for item in ids], folder=folder, only_fields=fields, chunk_size=10 if content else BATCH):
            if isinstance(found, Exception):
                raise found
            items += 1
            size += len(found.mime_content or b"") if content else 0
    return items, size


job = json.load(sys.stdin)
for model in (Message, Contact, Task, PostItem):
    for name, field in EXTENDED.items():
        model.register(name, field)
config = Configuration(
    service_endpoint=job["url"],
    credentials=Credentials(job["account"], job["password"]),
    auth_type="basic",
    version=Version(EXCHANGE_2019),
    max_connections=job["atOnce"],
)
began, used = time.monotonic(), os.times()
with ThreadPoolExecutor(job["atOnce"]) as pool:
    results = list(pool.map(lambda address: read(address, config, job["content"]), job["addresses"]))
now = os.times()
print(json.dumps({
    "messages": sum(items for items, _ in results),
    "contentBytes": sum(size for _, size in results),
    "wallSeconds": time.monotonic() - began,
    "cpuSeconds": now.user + now.system - used.user - used.system,
    "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
