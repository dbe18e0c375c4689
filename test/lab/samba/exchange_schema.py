#!/usr/bin/python3
"""Extends the schema of a stopped domain controller by what Exchange adds and Lockstep reads.
Usage: exchange_schema.py SMB_CONF

Names, syntaxes, ranges and most OIDs are those of the published Exchange schema. OIDs under 1.3.6.1.4.1.99999 and the
schema GUIDs are made up for the lab: nothing depends on them.
"""
import base64
import sys
import uuid

from database import open_database, transaction

MAIL = "1.2.840.113556.1.2."
EXCHANGE = "1.2.840.113556.1.4.7000.102."
LAB = "1.3.6.1.4.1.99999.7."

# MS-ADTS 3.1.1.2.2.2: attributeSyntax and oMSyntax belong together.
SYNTAX = {
    "dn": ("2.5.5.1", 127),
    "text": ("2.5.5.12", 64),
    "boolean": ("2.5.5.8", 1),
    "integer": ("2.5.5.9", 2),
    "large": ("2.5.5.16", 65),
    "octets": ("2.5.5.10", 4),
    "sid": ("2.5.5.17", 4),
}
# What AD's own classes have: everything for administrators and the system, reading for everybody who is bound.
DEFAULT_SECURITY_DESCRIPTOR = (
    "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)"
)
DN_OBJECT_CLASS = bytes.fromhex("2b0c0287731c00854a")

# lDAPDisplayName, cn, OID, syntax, single-valued, linkID (odd = back link)
ATTRIBUTES = [
    ("mailNickname", "ms-Exch-Mail-Nickname", MAIL + "447", "text", True, None),
    ("targetAddress", "ms-Exch-Target-Address", MAIL + "352", "text", True, None),
    ("homeMDB", "ms-Exch-Home-MDB", MAIL + "244", "dn", True, 32),
    ("homeMDBBL", "ms-Exch-Home-MDB-BL", MAIL + "393", "dn", False, 33),
    ("altRecipient", "ms-Exch-Alt-Recipient", MAIL + "126", "dn", True, 12),
    ("altRecipientBL", "ms-Exch-Alt-Recipient-BL", MAIL + "294", "dn", False, 13),
    ("publicDelegates", "ms-Exch-Public-Delegates", MAIL + "238", "dn", False, 14),
    ("publicDelegatesBL", "ms-Exch-Public-Delegates-BL", MAIL + "295", "dn", False, 15),
    ("deliverAndRedirect", "ms-Exch-Deliver-And-Redirect", MAIL + "190", "boolean", True, None),
    ("msExchDelegateListLink", "ms-Exch-Delegate-List-Link", LAB + "1", "dn", False, 65520),
    ("msExchDelegateListBL", "ms-Exch-Delegate-List-BL", LAB + "2", "dn", False, 65521),
    ("msExchMasterAccountSid", "ms-Exch-Master-Account-Sid", EXCHANGE + "81", "sid", True, None),
    ("msExchMailboxGuid", "ms-Exch-Mailbox-Guid", EXCHANGE + "11058", "octets", True, None),
    ("msExchArchiveGUID", "ms-Exch-Archive-GUID", LAB + "3", "octets", True, None),
    ("msExchRecipientTypeDetails", "ms-Exch-Recipient-Type-Details", EXCHANGE + "50855", "large", True, None),
    ("msExchRecipientDisplayType", "ms-Exch-Recipient-Display-Type", EXCHANGE + "50730", "integer", True, None),
    ("msExchRemoteRecipientType", "ms-Exch-Remote-Recipient-Type", EXCHANGE + "51611", "large", True, None),
    ("msExchHideFromAddressLists", "ms-Exch-Hide-From-Address-Lists", EXCHANGE + "73", "boolean", True, None),
    ("msExchHomeServerName", "ms-Exch-Home-Server-Name", EXCHANGE + "47", "text", True, None),
    ("msExchRequireAuthToSendTo", "ms-Exch-RequireAuthToSendTo", "1.2.840.113556.1.4.5062", "boolean", True, None),
    ("msExchVersion", "ms-Exch-Version", LAB + "4", "large", True, None),
    ("msExchUserCulture", "ms-Exch-User-Culture", LAB + "5", "text", True, None),
    ("msExchRBACPolicyLink", "ms-Exch-RBAC-Policy-Link", LAB + "6", "dn", True, 65522),
    ("msExchRBACPolicyBL", "ms-Exch-RBAC-Policy-BL", LAB + "7", "dn", False, 65523),
    ("msExchQueryFilter", "ms-Exch-Query-Filter", LAB + "8", "text", True, None),
    ("msExchDynamicDLFilter", "ms-Exch-Dynamic-DL-Filter", LAB + "9", "text", True, None),
    ("msExchDynamicDLBaseDN", "ms-Exch-Dynamic-DL-BaseDN", LAB + "10", "dn", True, None),
] + [
    # 1 to 10 were there first; 11 to 15 came later and elsewhere in the arc.
    (f"extensionAttribute{n}", f"ms-Exch-Extension-Attribute-{n}", MAIL + str((422 if n <= 10 else 588) + n), "text", True, None)
    for n in range(1, 16)
]

# lDAPDisplayName, cn, OID, further attributes. Structural, below top, with the auxiliary class mailRecipient.
CLASSES = [
    ("msExchDynamicDistributionList", "ms-Exch-Dynamic-Distribution-List", LAB + "100", ["displayName", "mail"]),
    ("publicFolder", "Public-Folder", LAB + "101", ["displayName", "mail"]),
]


def attribute_ldif(schema, name, cn, oid, syntax, single, link):
    ad_syntax, om_syntax = SYNTAX[syntax]
    lines = [
        f"dn: CN={cn},{schema}",
        "changetype: add",
        "objectClass: attributeSchema",
        f"lDAPDisplayName: {name}",
        f"attributeID: {oid}",
        f"attributeSyntax: {ad_syntax}",
        f"oMSyntax: {om_syntax}",
        f"isSingleValued: {'TRUE' if single else 'FALSE'}",
        f"schemaIDGUID:: {schema_guid(oid)}",
        "isMemberOfPartialAttributeSet: TRUE" if link is None or link % 2 == 0 else "isMemberOfPartialAttributeSet: FALSE",
    ]
    if syntax == "dn":
        lines.append(f"oMObjectClass:: {base64.b64encode(DN_OBJECT_CLASS).decode()}")
    if link is not None:
        lines.append(f"linkID: {link}")
        if link % 2:
            lines.append("systemFlags: 1")  # back links are not replicated
    return "\n".join(lines) + "\n\n"


def class_ldif(schema, name, cn, oid, attributes):
    lines = [
        f"dn: CN={cn},{schema}",
        "changetype: add",
        "objectClass: classSchema",
        f"lDAPDisplayName: {name}",
        f"governsID: {oid}",
        "objectClassCategory: 1",
        "subClassOf: top",
        "auxiliaryClass: mailRecipient",
        "rDNAttID: cn",
        "mustContain: cn",
        f"defaultSecurityDescriptor: {DEFAULT_SECURITY_DESCRIPTOR}",
        f"schemaIDGUID:: {schema_guid(oid)}",
    ]
    lines += [f"mayContain: {attribute}" for attribute in attributes]
    lines += [f"possSuperiors: {superior}" for superior in ("organizationalUnit", "container", "domainDNS")]
    return "\n".join(lines) + "\n\n"


def schema_guid(oid):
    return base64.b64encode(uuid.uuid5(uuid.NAMESPACE_OID, oid).bytes_le).decode()


def main():
    database = open_database(sys.argv[1])
    schema = str(database.get_schema_basedn())
    steps = [
        "".join(attribute_ldif(schema, *attribute) for attribute in ATTRIBUTES),
        # Exchange allows its attributes through auxiliary classes of its own; one of AD's is simpler and reads the same.
        f"dn: CN=Mail-Recipient,{schema}\nchangetype: modify\nadd: mayContain\n"
        + "".join(f"mayContain: {attribute[0]}\n" for attribute in ATTRIBUTES)
        + "\n",
        "".join(class_ldif(schema, *a_class) for a_class in CLASSES),
    ]
    for step in steps:
        with transaction(database):
            database.modify_ldif(step)
        database.set_schema_update_now()


main()
