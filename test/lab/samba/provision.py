#!/usr/bin/python3
"""Makes the databases of a new domain. Input on stdin: {"folder", "realm", "domain", "domainSid", "host", "address",
"adminPassword"}. No sysvol ACLs and no DNS zones: a domain controller that only speaks LDAP has no use for them."""
import json
import logging
import sys

from samba.auth import system_session
from samba.dcerpc import security
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.provision import provision


def main():
    wanted = json.load(sys.stdin)
    provision(
        logging.getLogger("provision"),
        system_session(),
        targetdir=wanted["folder"],
        realm=wanted["realm"],
        domain=wanted["domain"],
        domainsid=security.dom_sid(wanted["domainSid"]),
        hostname=wanted["host"],
        hostip=wanted["address"],
        adminpass=wanted["adminPassword"],
        serverrole="active directory domain controller",
        dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
        dns_backend="NONE",
        skip_sysvolacl=True,
        batch_mode=True,
    )


main()
