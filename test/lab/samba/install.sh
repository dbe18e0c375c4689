#!/bin/sh
# Installs what the lab's domain controller needs on Debian or Ubuntu. Needs root. Starts no service.
set -eu
guard=
if [ ! -e /usr/sbin/policy-rc.d ]; then
  # Debian starts services when they are installed; 101 = not allowed (invoke-rc.d(8)).
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  guard=1
fi
trap '[ -z "$guard" ] || rm -f /usr/sbin/policy-rc.d' EXIT
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  samba samba-dsdb-modules samba-ad-provision samba-vfs-modules ldb-tools ldap-utils openssl
