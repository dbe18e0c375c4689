"""One job on one mailbox, done with exchangelib: a client of Exchange Web Services that shares no code with Lockstep.

Reads the job as JSON from standard input, writes what it found as JSON to standard output.
"""
import hashlib
import json
import re
import sys

from exchangelib import (
    IMPERSONATION, UTC, Account, CalendarItem, Configuration, Contact, Credentials, EWSDateTime, FileAttachment, Folder, HTMLBody, Message, Task,
)
from exchangelib.version import EXCHANGE_2019, Version

FIELDS = [
    "item_class", "subject", "sensitivity", "importance", "size", "categories", "is_draft", "has_attachments", "datetime_received", "datetime_sent",
    "datetime_created",
]
MESSAGE_FIELDS = ["author", "to_recipients", "cc_recipients", "message_id", "is_read"]


def when(at):
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def described(item):
    message = {}
    if isinstance(item, Message):
        message = {
            "from": item.author and item.author.email_address,
            "to": [to.email_address for to in item.to_recipients or []],
            "cc": [cc.email_address for cc in item.cc_recipients or []],
            "messageId": item.message_id,
            "isRead": item.is_read,
        }
    return {
        "id": item.id,
        "itemClass": item.item_class,
        "subject": item.subject or "",
        "sensitivity": item.sensitivity,
        "importance": item.importance,
        "size": item.size,
        "categories": item.categories or [],
        "isDraft": item.is_draft,
        "hasAttachments": item.has_attachments,
        "receivedAt": when(item.datetime_received),
        "sentAt": when(item.datetime_sent),
        "createdAt": when(item.datetime_created),
        **message,
    }


def boundless(mime):
    """Exchange makes other boundaries at each read."""
    return hashlib.sha256(re.sub(rb"_000_[0-9a-f]+_", b"", mime)).hexdigest()


def read(account, job):
    folders = []
    for folder in account.msg_folder_root.walk():
        known = {field.name for model in folder.supported_item_models for field in model.FIELDS}
        items = [
            described(item)
            for item in folder.all().only(*[name for name in FIELDS + MESSAGE_FIELDS if name in known])
        ]
        folders.append({"id": folder.id, "name": folder.name, "count": folder.total_count, "items": items})
    mime = {
        item.id: boundless(item.mime_content)
        for item in account.inbox.all().only("mime_content")[: job["mimes"]]
    }
    return {"folders": folders, "mime": mime}


def sync(account, job):
    """What changed in the inbox since a state; without one: everything."""
    inbox = account.inbox
    inbox.item_sync_state = job.get("state")
    changes = [[kind, item[0].id if isinstance(item, tuple) else item.id] for kind, item in inbox.sync_items(only_fields=["subject"])]
    return {"changes": changes, "state": inbox.item_sync_state}


def change(account, job):
    inbox = account.inbox
    folder = Folder(parent=inbox, name="Made by exchangelib")
    folder.save()
    folder.name = "Renamed by exchangelib"
    folder.save(update_fields=["name"])
    gone = Folder(parent=inbox, name="Gone")
    gone.save()
    gone.delete()

    message = Message(
        account=account, folder=folder, subject="Räume & <Zeiten>", body=HTMLBody("<p>Grüße</p>"), categories=["Grün"],
        to_recipients=["one@tarnwick.example"], cc_recipients=["two@tarnwick.example"], message_id="<made@exchangelib.example>",
    )
    message.save()
    message.attach(FileAttachment(name="notes.txt", content=b"attached by exchangelib"))
    message.is_read = True
    message.sensitivity = "Confidential"
    message.save(update_fields=["is_read", "sensitivity"])
    raw = b"From: Ada <ada@brightwater.example>\r\nTo: bob@tarnwick.example\r\nSubject: =?utf-8?q?As_MIME_=C3=A9?=\r\nMessage-ID: <mime@exchangelib.example>\r\n\r\nas it is\r\n"
    Message(account=account, folder=folder, mime_content=raw).save()
    Contact(account=account, folder=account.contacts, given_name="Ada", surname="Example", display_name="Ada Example", company_name="Brightwater").save()
    Task(account=account, folder=account.tasks, subject="Count the stock").save()
    CalendarItem(
        account=account, folder=account.calendar, subject="Stand-up", start=EWSDateTime(2026, 11, 3, 9, tzinfo=UTC), end=EWSDateTime(2026, 11, 3, 10, tzinfo=UTC),
    ).save()

    first, second, third, fourth = list(inbox.all().only("subject", "is_read")[:4])
    first.move(folder)
    second.delete()
    third.move_to_trash()
    fourth.categories = ["Stamped"]
    fourth.save(update_fields=["categories"])
    fetched = next(account.fetch([message], only_fields=["attachments"]))
    return {"attachment": fetched.attachments[0].content.decode()}


def main():
    job = json.load(sys.stdin)
    account = Account(
        primary_smtp_address=job["mailbox"],
        config=Configuration(
            service_endpoint=job["url"],
            credentials=Credentials(job["account"], job["password"]),
            auth_type=job["authentication"],
            version=Version(build=EXCHANGE_2019),
        ),
        access_type=IMPERSONATION,
        autodiscover=False,
        default_timezone=UTC,
    )
    json.dump({"read": read, "sync": sync, "change": change}[job["job"]](account, job), sys.stdout)
    account.protocol.close()


main()
