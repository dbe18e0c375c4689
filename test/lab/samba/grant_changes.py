#!/usr/bin/python3
"""Lets an account read changes and deleted objects, as an administrator would for a synchronisation account.
Usage: grant_changes.py SMB_CONF ACCOUNT"""
import sys

import ldb
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.sd_utils import SDUtils

from database import open_database

GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
GET_CHANGES_ALL = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"


def main():
    database = open_database(sys.argv[1])
    account = database.search(
        database.domain_dn(), ldb.SCOPE_SUBTREE, f"(sAMAccountName={sys.argv[2]})", attrs=["objectSid"]
    )[0]
    sid = ndr_unpack(security.dom_sid, account["objectSid"][0])
    security_descriptors = SDUtils(database)
    for context in (database.domain_dn(), str(database.get_config_basedn()), str(database.get_schema_basedn())):
        for right in (GET_CHANGES, GET_CHANGES_ALL):
            security_descriptors.dacl_add_ace(context, f"(OA;;CR;{right};;{sid})")
    # Deleted Objects is readable to administrators only (Windows: dsacls ... /G account:LCRP). SDUtils cannot add an
    # entry with the show_deleted control, so the text is edited.
    deleted = f"CN=Deleted Objects,{database.domain_dn()}"
    controls = ["show_deleted:1"]
    sddl = security_descriptors.read_sd_on_dn(deleted, controls).as_sddl(security_descriptors.domain_sid)
    entries = sddl.index("(")
    security_descriptors.modify_sd_on_dn(deleted, f"{sddl[:entries]}(A;CI;LCRP;;;{sid}){sddl[entries:]}", controls)


main()
